import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CHINESE } from '../../../src/http/openapi/chinese/document.ts'
import { type Json, openApi } from '../support/api.ts'
import { partnerDocument } from './support/documents.ts'

const api = await openApi()
afterAll(() => api[Symbol.asyncDispose]())
const english = await partnerDocument(api)
const chinese = await partnerDocument(api, 'zh')

const TEXTS = ['title', 'summary', 'description']

/** Every text for people, where it stands. */
const textsOf = (part: Json, at = ''): [at: string, text: string][] => {
  if (typeof part !== 'object' || part === null) return []
  return Object.entries<Json>(part).flatMap(([name, value]): [string, string][] =>
    TEXTS.includes(name) && typeof value === 'string'
      ? [[`${at}/${name}`, value]]
      : textsOf(value, `${at}/${name.replaceAll('/', '~1')}`),
  )
}
const allTextsOf = (document: Json) => [...textsOf(document), ['/info/contact/name', document.info.contact.name]]

describe('the document for partners in Chinese', () => {
  test('has a Chinese text for every English one, which src/http/openapi/chinese/ brings', () => {
    const missing = allTextsOf(chinese).filter(([, text = '']) => !/\p{Script=Han}/u.test(text))
    expect(missing).toEqual([['/info/title', 'idface-notifier']])
  })

  test('has no text in src/http/openapi/chinese/ whose English is gone or has changed', () => {
    const used = new Set(allTextsOf(english).map(([, text]) => text))
    expect([...CHINESE.keys()].filter(text => !used.has(text))).toEqual([])
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
    const namesIn = (text: string) => new Set(text.match(/`[^`]+`/g) ?? [])
    for (const [text, zh] of CHINESE)
      expect(
        [...namesIn(text)].filter(name => !namesIn(zh).has(name)),
        text,
      ).toEqual([])
  })
})

describe.each(['/openapi.json', '/openapi.yaml'])('%s', path => {
  const get = (query: string, headers: Record<string, string> = {}) =>
    api.call('GET', `${path}${query}`, { key: null, headers })

  test.each([
    ['', {}, 'en'],
    ['', { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' }, 'zh'],
    ['', { 'accept-language': '*' }, 'en'],
    ['?lang=zh', { 'accept-language': 'en' }, 'zh'],
    ['?lang=en', { 'accept-language': 'zh' }, 'en'],
  ])('with “%s” and %o is in the language that is asked for, and says so', async (query, sent, language) => {
    const { status, headers, text } = await get(query, sent)
    expect([status, headers.get('content-language'), headers.get('vary')]).toEqual([200, language, 'accept-language'])
    expect(parse(text)).toEqual(language === 'zh' ? chinese : english)
  })

  test('has a tag for each language', async () => {
    const known = (await get('?lang=zh')).headers.get('etag') ?? ''
    expect((await get('?lang=zh', { 'if-none-match': known })).status).toBe(304)
    expect((await get('?lang=en', { 'if-none-match': known })).status).toBe(200)
  })
})
