import { expect, test } from 'vitest'
import CHINESE from '../../../docs/openapi.zh-CN.json' with { type: 'json' }
import { createPartnerDocument } from '../../../src/http/openapi/document.ts'
import type { Json } from '../support/api.ts'

const TEXTS = ['title', 'summary', 'description']
const english: Json = createPartnerDocument('0.0.0', 'en')
const chinese: Json = createPartnerDocument('0.0.0', 'zh')

/** Every text for people, where it stands. */
const textsOf = (part: Json, at = ''): [at: string, text: string][] => {
  if (typeof part !== 'object' || part === null) return []
  return Object.entries<Json>(part).flatMap(([name, value]): [string, string][] =>
    TEXTS.includes(name) && typeof value === 'string' ? [[`${at}/${name}`, value]] : textsOf(value, `${at}/${name}`),
  )
}

test('has a Chinese text for every English one, which openapi.zh-CN.json brings', () => {
  const missing = textsOf(chinese).filter(([, text]) => !/\p{Script=Han}/u.test(text))
  expect(missing).toEqual([['/info/title', 'idface-notifier']])
})

test('openapi.zh-CN.json has no text whose English is gone or has changed', () => {
  const used = JSON.stringify(english)
  expect(Object.keys(CHINESE).filter(text => !used.includes(JSON.stringify(text)))).toEqual([])
})

test('differs in nothing but its texts and examples', () => {
  const withoutTexts = (document: Json) =>
    JSON.parse(
      JSON.stringify({ ...document, info: null }, (name, value) =>
        name === 'examples' || (TEXTS.includes(name) && typeof value === 'string') ? null : value,
      ),
    )
  expect(withoutTexts(chinese)).toEqual(withoutTexts(english))
})

test('names all that its English names: fields, codes, headers, calls', () => {
  for (const [text, zh] of Object.entries(CHINESE))
    for (const [name] of text.matchAll(/`[^`]+`/g)) expect(zh, text).toContain(name)
})
