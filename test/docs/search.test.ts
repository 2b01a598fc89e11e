import { describe, expect, test } from 'vitest'
import { PAGES, renderPage } from '../../scripts/served-docs.ts'

type Parts = [text: string, isFound: boolean][]
interface Section {
  url: string
  heading: string
  page: string
  text: string
  words: string
}
interface Found {
  url: string
  heading: Parts
  excerpt: Parts
}

const { find } = (await import(new URL('../../docs/site/search.js', import.meta.url).href)) as {
  find: (sections: readonly Section[], query: string) => Found[]
}

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }
const textOf = (html: string): string =>
  html
    .replaceAll(/<a class="anchor".*?<\/a>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&\w+;|&#39;/g, entity => ENTITIES[entity] ?? entity)
    .replaceAll(/\s+/g, ' ')
    .trim()

/** The pages as the browser reads them. */
const sectionsIn = (language: 'en' | 'zh'): Section[] =>
  PAGES.flatMap(page => {
    const [, main = ''] = renderPage(page, language).split('<main id="content">')
    const [, ...parts] = main.split('</main>')[0]?.split(/<h[1-3] id="([^"]*)">/) ?? []
    return parts.flatMap((id, index) => {
      if (index % 2 === 1) return []
      const [heading = '', body = ''] = parts[index + 1]?.split(/<\/h[1-3]>/) ?? []
      const words = [...body.matchAll(/<p hidden>(.*?)<\/p>/g)].map(([, one = '']) => one).join(' ')
      const text = textOf(body.replaceAll(/<p hidden>.*?<\/p>/g, ''))
      return [{ url: `${page.name}#${id}`, heading: textOf(heading), page: page.label[language], text, words }]
    })
  })
const SECTIONS = { en: sectionsIn('en'), zh: sectionsIn('zh') }
const search = (language: 'en' | 'zh', query: string): Found[] => find(SECTIONS[language], query)

const plain = (parts: Parts): string => parts.map(([text]) => text).join('')

describe('the search', () => {
  test.each([
    ['idempotent', 'webhooks#signatures-and-duplicates'],
    ['idempotency', 'webhooks#signatures-and-duplicates'],
    ['dedupe', 'webhooks#signatures-and-duplicates'],
    ['replay', 'webhooks#signatures-and-duplicates'],
    ['redeliver', 'operate#missed-webhooks-and-events'],
    ['localhost', 'start#2-start-a-receiver'],
    ['ngrok', 'start#2-start-a-receiver'],
    ['whitelist', 'webhooks#what-the-url-may-be'],
    ['ip', 'webhooks#what-the-url-may-be'],
    ['SDK', 'verify#javascript-and-typescript'],
    ['changelog', 'changelog#changelog'],
    ['versioning', 'changelog#changelog'],
    ['postman', 'reference#reference'],
    ['apifox', 'reference#reference'],
    ['retry', 'operate#retries'],
    ['backoff', 'operate#retries'],
    ['rotate secret', 'operate#rotating-the-secret'],
    ['sandbox', 'test-serials#test-serials'],
    ['throttling', 'problems#too_many_requests'],
    ['order number', 'operate#missed-webhooks-and-events'],
    ['csv', 'operate#missed-webhooks-and-events'],
    ['dead letter', 'operate#missed-webhooks-and-events'],
    ['alert', 'operate#a-contact'],
    ['notification', 'operate#a-contact'],
    ['signature mismatch', 'webhooks#signatures-and-duplicates'],
    ['django', 'frameworks#django'],
    ['golang', 'verify#go'],
    ['pagination', 'reference#reference'],
    ['timezone', 'reference#reference'],
    ['test mode', 'test-serials#test-serials'],
    ['mTLS', 'webhooks#what-the-url-may-be'],
    ['gdpr', 'problems#has_verdict'],
  ])('in English finds %s first', (query, expected) => {
    expect(search('en', query)[0]?.url).toBe(expected)
  })

  test.each([
    ['沙箱', 'test-serials#test-serials'],
    ['密钥轮换', 'operate#rotating-the-secret'],
    ['本地调试', 'start#2-start-a-receiver'],
    ['内网穿透', 'start#2-start-a-receiver'],
    ['退避', 'operate#retries'],
    ['重试', 'operate#retries'],
    ['身份证', 'start#4-register-a-serial'],
    ['幂等', 'webhooks#signatures-and-duplicates'],
    ['白名单', 'webhooks#what-the-url-may-be'],
    ['限流', 'problems#too_many_requests'],
    ['订单号', 'operate#missed-webhooks-and-events'],
    ['对账', 'operate#reconciling-a-day'],
    ['导出', 'operate#missed-webhooks-and-events'],
    ['死信', 'operate#missed-webhooks-and-events'],
    ['联系人', 'operate#a-contact'],
    ['告警', 'operate#a-contact'],
    ['签名不一致', 'webhooks#signatures-and-duplicates'],
    ['更新日志', 'changelog#changelog'],
    ['分页', 'reference#reference'],
    ['掉单', 'operate#missed-webhooks-and-events'],
    ['补单', 'operate#missed-webhooks-and-events'],
    ['golang', 'verify#go'],
    ['SDK下载', 'verify#javascript-and-typescript'],
    ['postman', 'reference#reference'],
  ])('in Chinese finds %s first', (query, expected) => {
    expect(search('zh', query)[0]?.url).toBe(expected)
  })

  test('takes a word from its beginning, with the parts of a name', () => {
    expect(search('en', 'ip').map(({ url }) => url)).not.toContain('verify#javascript-and-typescript')
    expect(search('en', 'excerpt').some(({ url }) => url === 'reference#Attempt')).toBe(true)
    expect(search('en', 'ebhook')).toEqual([])
    for (const [one, other] of [
      ['retry', 'retries'],
      ['key', 'keys'],
      ['signature', 'signatures'],
    ] as const)
      expect(search('en', one).map(({ url }) => url)).toEqual(search('en', other).map(({ url }) => url))
  })

  test.each(['en', 'zh'] as const)('marks what it has found, and cuts no word: %s', language => {
    const queries = language === 'en' ? ['retry', 'webhook-id', 'tls'] : ['重试', '密钥', 'webhook-id']
    for (const query of queries)
      for (const { url, heading, excerpt } of search(language, query)) {
        const section = SECTIONS[language].find(one => one.url === url)
        const shown = plain(excerpt)
        const inner = shown.replace(/^…/, '').replace(/…$/, '')
        expect(plain(heading)).toBe(section?.heading)
        expect(section?.text).toContain(inner)
        const at = section?.text.indexOf(inner) ?? 0
        const around = ` ${section?.text} `
        for (const edge of [around.slice(at, at + 2), around.slice(at + inner.length, at + inner.length + 2)])
          expect(edge, `${shown} of ${url}`).not.toMatch(/^[A-Za-z0-9]{2}$/)
        expect([...shown].length).toBeLessThan(200)
        for (const [text] of [...heading, ...excerpt].filter(([, isFound]) => isFound))
          expect(text.toLowerCase()).toContain(query.slice(0, 4))
      }
    const marked = search(language, queries[0] ?? '').slice(0, 3)
    for (const { heading, excerpt } of marked)
      expect([...heading, ...excerpt].some(([, isFound]) => isFound)).toBe(true)
  })

  test('finds nothing for nothing, and is quick with any query', () => {
    expect(search('en', '  ')).toEqual([])
    expect(search('en', '('.repeat(2_000))).toEqual([])
  })
})
