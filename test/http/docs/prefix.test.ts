import { expect, test } from 'vitest'
import { openListening } from '../../attack/support/listening.ts'
import { networksOf } from '../../support/networks.ts'
import { openPrefixProxy } from './support/prefix-proxy.ts'

const PAGES = ['/docs', '/docs/webhooks', '/docs/examples', '/docs/frameworks', '/docs/problems', '/docs/reference']
const LINK = /\s(?:href|src)="([^"]*)"/g

test('below the prefix of a proxy, everything that pages link to and load is there', async () => {
  await using api = await openListening(
    {},
    { trustedProxies: networksOf('127.0.0.0/8'), now: () => performance.now() * 1_000 },
  )
  await using proxy = await openPrefixProxy(api.url, '/idface/v2')
  const root = await fetch(`${proxy.url}/`)
  expect(root.url).toBe(`${proxy.url}/docs`)
  expect(await root.text()).toContain(`export NOTIFIER_URL=${proxy.url}\n`)
  const seen = new Set<string>()
  for (const page of PAGES)
    for (const address of [page, `${page}/`, `${page}/?lang=zh`]) {
      const response = await fetch(`${proxy.url}${address}`)
      expect(response.url).toBe(`${proxy.url}${address.replace(/\/($|\?)/, '$1')}`)
      for (const [, link = ''] of (await response.text()).matchAll(LINK)) {
        const { origin, href, pathname, search } = new URL(link, response.url)
        if (origin !== new URL(proxy.url).origin) continue
        expect(href.startsWith(`${proxy.url}/`), `${link} on ${address}`).toBe(true)
        seen.add(`${pathname}${search}`)
      }
    }
  expect(seen.size).toBeGreaterThan(20)
  for (const path of seen) {
    const { status } = await fetch(new URL(path, proxy.url))
    expect(status, path).toBe(200)
  }
})
