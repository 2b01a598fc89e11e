import { expect, test } from 'vitest'
import TEXTS from '../../../docs/openapi.zh-CN.json' with { type: 'json' }
import { changeTexts, type TextsByPlace, textKeyOf } from '../../../src/http/openapi/chinese.ts'
import { createPartnerDocument } from '../../../src/http/openapi/document.ts'
import type { Json } from '../support/api.ts'

const texts: TextsByPlace = TEXTS
const NAMES = ['title', 'summary', 'description']
const english: Json = createPartnerDocument('0.0.0', 'en')
const chinese: Json = createPartnerDocument('0.0.0', 'zh')

/** Every text for people, where it stands. */
const textsOf = (part: Json, at = ''): [at: string, text: string][] => {
  if (typeof part !== 'object' || part === null) return []
  return Object.entries<Json>(part).flatMap(([name, value]): [string, string][] =>
    NAMES.includes(name) && typeof value === 'string' ? [[`${at}/${name}`, value]] : textsOf(value, `${at}/${name}`),
  )
}

test('has a Chinese text for every English one, which openapi.zh-CN.json brings', () => {
  const missing = textsOf(chinese).filter(([, text]) => !/\p{Script=Han}/u.test(text))
  expect(missing).toEqual([['/info/title', 'idface-notifier']])
})

test('openapi.zh-CN.json has no text whose English is gone or has changed', () => {
  const used = new Set<string | undefined>()
  changeTexts(english, (text, place) => {
    used.add(textKeyOf(texts, text, place))
    return text
  })
  expect(Object.keys(texts).filter(key => !used.has(key))).toEqual([])
})

test('differs in nothing but its texts and examples', () => {
  const withoutTexts = (document: Json) =>
    JSON.parse(
      JSON.stringify({ ...document, info: null }, (name, value) =>
        name === 'examples' || (NAMES.includes(name) && typeof value === 'string') ? null : value,
      ),
    )
  expect(withoutTexts(chinese)).toEqual(withoutTexts(english))
})

test('names all that its English names: fields, codes, headers, calls', () => {
  for (const [key, { en, zh }] of Object.entries(texts))
    for (const [name] of en.matchAll(/`[^`]+`/g)) expect(zh, key).toContain(name)
})
