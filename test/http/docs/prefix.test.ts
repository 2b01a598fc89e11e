import { expect, test } from 'vitest'
import { openListening } from '../../attack/support/listening.ts'
import { networksOf } from '../../support/networks.ts'
import { openPrefixProxy } from './support/prefix-proxy.ts'

const PAGES = [
  '/',
  '/docs/',
  '/docs/webhooks',
  '/docs/examples',
  '/docs/frameworks',
  '/docs/problems',
  '/docs/reference',
]
const LINK = /\s(?:href|src)="([^"]*)"/g
const LOADED = /<(?:link|script|img)\b[^>]*\s(?:href|src)="([^"]*)"/g

test('below the prefix of a proxy, everything that pages link to and load is there', async () => {
  await using api = await openListening(
    {},
    { trustedProxies: networksOf('127.0.0.0/8'), now: () => performance.now() * 1_000 },
  )
  await using proxy = await openPrefixProxy(api.url, '/idface/v2')
  const root = await fetch(`${proxy.url}/`)
  expect(root.url).toBe(`${proxy.url}/docs`)
  expect(await root.text()).toContain(`export NOTIFIER_URL=${proxy.url}\n`)
  const seen = new Map<string, Promise<string>>()
  const textAt = async (url: string): Promise<string> => {
    const response = await fetch(url)
    expect([response.status, url]).toEqual([200, url])
    return response.text()
  }
  for (const page of PAGES)
    for (const query of ['?lang=en', '?lang=zh']) {
      const response = await fetch(`${proxy.url}${page}${query}`)
      const text = await response.text()
      for (const [, link = ''] of text.matchAll(LOADED)) expect(link).toMatch(/^(\.\.\/)?docs\/assets\//)
      for (const [, link = ''] of text.matchAll(LINK)) {
        const url = new URL(link, response.url)
        const anchor = decodeURIComponent(url.hash.slice(1))
        url.hash = ''
        if (url.origin !== new URL(proxy.url).origin) continue
        expect(url.href.startsWith(`${proxy.url}/`), `${link} on ${page}`).toBe(true)
        const target = seen.get(url.href) ?? textAt(url.href)
        seen.set(url.href, target)
        if (anchor !== '') expect((await target).includes(` id="${anchor}"`), `${link} on ${page}`).toBe(true)
      }
    }
  await Promise.all(seen.values())
  expect(seen.size).toBeGreaterThan(20)
})
