import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { createConsoleVault } from '../../../src/http/console-links.ts'
import type { Store } from '../../../src/store/store.ts'
import { ADMIN_TOKEN, DEFAULTS, openApi, START } from '../support/api.ts'
import { openConsole } from './support.ts'

describe('signing in', () => {
  test('shows nothing to who has not signed in, and leads back to the page that was asked for', async () => {
    const api = await openApi()
    for (const path of ['', '?span=7d', 'registrations?status=pending', 'nothing']) {
      const answer = await api.app.request(`/console/${path}`)
      expect(answer.status).toBe(303)
      const to = path.replace(/^\?/, './?')
      expect(answer.headers.get('location')).toBe(`sign-in${path === '' ? '' : `?to=${encodeURIComponent(to)}`}`)
    }
  })

  test('is needed to see that there is a console, where ADMIN_TOKEN is not set', async () => {
    const { api, visit, cookieOf } = await openConsole({ server: { adminToken: null } })
    const answer = await api.app.request('/console')
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('action="console/sign-in"')
    for (const path of ['', 'registrations']) expect((await visit(path, '')).status).toBe(404)
    const { text } = await api.addToken('read')
    for (const token of [text, api.partner.key]) expect((await visit('', await cookieOf(token))).status).toBe(200)
  })

  test('ends with the token, by signing out, and after eight hours', async () => {
    const { api, visit, cookieOf, post } = await openConsole()
    const { id, text } = await api.addToken('read')
    const cookie = await cookieOf(text)
    expect((await visit('', cookie)).status).toBe(200)
    await api.store.revokeAdminToken(id)
    api.clock.now += 2_000
    expect((await visit('', cookie)).status).toBe(303)

    const mine = await cookieOf()
    expect((await visit('', mine)).status).toBe(200)
    await post('sign-out', {}, mine)
    expect((await visit('', mine)).status).toBe(303)

    const other = await cookieOf()
    api.clock.now += 8 * 3_600_000
    expect((await visit('', other)).status).toBe(303)
  })

  test('is asked of a session that does not say whose it is, as those of older versions', async () => {
    const masterKey = new Secret(Buffer.alloc(32).toString('base64'))
    const server = { ...DEFAULTS.server, adminToken: new Secret(ADMIN_TOKEN) }
    const config = { ...DEFAULTS, server, storage: { ...DEFAULTS.storage, masterKey } }
    const { visit } = await openConsole({ config })
    const vault = createConsoleVault({ config, random: randomBytes })
    const session = { id: 'session_1', kind: 'operator', token: ADMIN_TOKEN, until: START + 60_000 }
    const visitAs = (given: object) => {
      const cookie = vault.seal(JSON.stringify(given), 'console').toString('base64url')
      return visit('', `idface_console=${cookie}`)
    }
    expect((await visitAs({ ...session, who: 'settings' })).status).toBe(200)
    expect((await visitAs(session)).status).toBe(303)
  })

  test.each(['/', '', '/?span=7d', '/accounts/a%29b', '/partners/a.b'])(
    'is not asked again of who follows a link from elsewhere to /console%s',
    async path => {
      const { api, cookieOf } = await openConsole()
      const cookie = await cookieOf()
      const page = `http://notifier.example/console${path}`
      const first = await api.app.request(page, { headers: { 'sec-fetch-site': 'cross-site' } })
      const [, to = ''] = /url=([^"]*)"/.exec(await first.text()) ?? []
      const next = new URL(to, page)
      const second = await api.app.request(next.href, { headers: { cookie } })
      expect(second.status).toBe(303)
      expect(new URL(second.headers.get('location') ?? '', next).href).toBe(page.replace(/console$/, 'console/'))
    },
  )

  test('leads to no page outside of the console', async () => {
    const { post, visit, cookieOf } = await openConsole()
    const cookie = await cookieOf()
    for (const to of [
      ...[
        '//elsewhere.example',
        '/docs',
        '../docs',
        'a/../../docs',
        'a/%2e%2e/%2E%2E/docs',
        'a/.%2e/%2e./docs',
        './/x',
      ],
      ...[
        'https://elsewhere.example',
        'a/%2',
        '\\\\elsewhere.example',
        'javascript:alert(1)',
        './../docs',
        '%2e%2e/docs',
      ],
    ])
      for (const answer of [
        await post('sign-in', { token: ADMIN_TOKEN, to }),
        await visit(`sign-in?to=${encodeURIComponent(to)}`, cookie),
      ])
        expect(answer.headers.get('location')).toBe('./')
  })

  test('leads to no page that a header could not name', async () => {
    const { post } = await openConsole()
    for (const to of ['registrations?q=\r\nset-cookie: a=b', 'registrations?q=\0', 'registrations?q=流水号'])
      expect((await post('sign-in', { token: ADMIN_TOKEN, to })).headers.get('location')).toBe('./')
    const to = 'registrations?since=2h&serial=%E6%B5%81'
    expect((await post('sign-in', { token: ADMIN_TOKEN, to })).headers.get('location')).toBe(to)
  })

  test('takes no form of another site', async () => {
    const { api, cookieOf } = await openConsole()
    const cookie = await cookieOf()
    const answer = await api.app.request('http://notifier.example/console/sign-out', {
      method: 'POST',
      headers: {
        cookie,
        host: 'notifier.example',
        origin: 'https://elsewhere.example',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: '',
    })
    expect(answer.status).toBe(403)
  })

  test.each<[path: string, headers: Record<string, string>, status: number]>([
    ['sign-in', { 'transfer-encoding': 'chunked' }, 413],
    ['sign-in', { 'content-length': String(8 * 1024 + 1) }, 413],
    ['enter', { 'content-length': String(8 * 1024 + 1) }, 413],
    ['deliveries/test', { 'content-length': String(8 * 1024 + 1) }, 413],
    ['sign-in', { 'transfer-encoding': 'chunked', origin: 'https://elsewhere.example' }, 403],
    ['sign-out', { 'content-type': 'application/json', origin: 'https://elsewhere.example' }, 403],
  ])('refuses a form of %s with %o before it is read', async (path, headers, status) => {
    const { api } = await openConsole()
    let reads = 0
    const body = new ReadableStream({ pull: () => void reads++ }, { highWaterMark: 0 })
    const { app } = api
    const answer = await app.request(`http://notifier.example/console/${path}`, {
      method: 'POST',
      headers: { host: 'notifier.example', origin: 'http://notifier.example', ...headers },
      body,
      duplex: 'half',
    })
    expect([answer.status, reads]).toEqual([status, 0])
  })
})

test.each(['', 'sign-in', 'enter?link=x', 'assets/console.css', 'nothing'])(
  'without a session is limited by network: %s',
  async path => {
    const { api, visit, cookieOf } = await openConsole()
    const cookie = await cookieOf()
    const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })
    const ask = async (address: string) =>
      (await api.app.request(`http://notifier.example/console/${path}`, {}, from(address))).status
    for (let n = 0; n < 300; n++) await ask('192.0.2.7')
    const refused = await ask('192.0.2.7')
    expect(refused).toBe(429)
    expect(await ask('198.51.100.7')).not.toBe(429)
    expect((await visit('', cookie)).status).toBe(200)
  },
)

test('a form has a rate before it is read, with a session too', async () => {
  const { api, post, cookieOf } = await openConsole()
  const cookie = await cookieOf(api.partner.key)
  for (let n = 0; n < 300; n++) expect((await post('deliveries/test', {}, cookie)).status).toBe(422)
  let reads = 0
  const body = new ReadableStream({ pull: () => void reads++ }, { highWaterMark: 0 })
  const headers = { cookie, host: 'notifier.example', origin: 'http://notifier.example' }
  const url = 'http://notifier.example/console/deliveries/test?lang=zh'
  const refused = await api.app.request(url, { method: 'POST', headers, body, duplex: 'half' })
  expect([refused.status, reads]).toEqual([429, 0])
  expect(refused.headers.get('retry-after')).toBe('1')
  const page = await refused.text()
  expect(page).toContain('<html lang="zh-CN">')
  expect(page).toContain('role="alert"')
  expect((await post('deliveries/test', {}, await cookieOf(api.other.key))).status).toBe(422)
})

test.each(['sign-in', 'assets/console.css', 'nothing', 'partners/new'])(
  'what the API does not count has a rate of the key: %s',
  async path => {
    const { api, visit, cookieOf } = await openConsole()
    const [cookie, again, other] = [
      await cookieOf(api.partner.key),
      await cookieOf(api.partner.key),
      await cookieOf(api.other.key),
    ]
    for (let n = 0; n < 300; n++) expect((await visit(path, cookie)).status).not.toBe(429)
    for (const mine of [cookie, again]) expect((await visit(path, mine)).status).toBe(429)
    expect((await visit(path, other)).status).not.toBe(429)
    api.clock.now += 1_000
    expect((await visit(path, again)).status).not.toBe(429)
  },
)

test('a page uses no rate of the key, and gives back no more than it used, however many calls it makes', async () => {
  const { api, visit, cookieOf } = await openConsole()
  const cookie = await cookieOf(api.partner.key)
  for (let n = 0; n < 200; n++) await visit('nothing', cookie)
  for (let n = 0; n < 150; n++) expect((await visit('', cookie)).status).not.toBe(429)
  let left = 0
  while ((await visit('nothing', cookie)).status !== 429) left++
  expect(left).toBe(100)
})

test('pages that look again by themselves in many tabs leave the rate of what the API does not count as it is', async () => {
  const { visit, cookieOf } = await openConsole()
  const cookie = await cookieOf()
  for (let n = 0; n < 400; n++) expect((await visit('', cookie)).status).toBe(200)
  for (let n = 0; n < 300; n++) expect((await visit('assets/htmx.min.js', cookie)).status).toBe(200)
})

test('what is refused as too often is a short page that loads nothing, in the language of its reader', async () => {
  const { api, visit, cookieOf } = await openConsole({ server: { apiRate: 1 } })
  const cookie = await cookieOf(api.partner.key)
  await visit('registrations', cookie)
  const answer = await visit('registrations?lang=en', cookie)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
  const page = await answer.text()
  expect(page).toContain('<html lang="en">')
  expect(page).not.toMatch(/<nav|<script|<link|<form/)
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
})

test('an asset is read from the disk once', async () => {
  const { read } = await openConsole()
  const first = await read('assets/icon.svg', '')
  expect(first).toContain('<svg')
  const readFile = vi.spyOn(fs.promises, 'readFile').mockRejectedValue(new Error('the disk is gone'))
  syncBuiltinESMExports()
  onTestFinished(() => {
    readFile.mockRestore()
    syncBuiltinESMExports()
  })
  expect(await read('assets/icon.svg', '')).toBe(first)
})

test.each(['__proto__', 'constructor', 'toString', 'nothing.js'])('has no asset %s', async name => {
  const { visit } = await openConsole()
  expect((await visit(`assets/${name}`, '')).status).toBe(404)
})

test.each(['en', 'zh'])('Now says in %s that nothing is wrong', async lang => {
  const { read } = await openConsole()
  expect(await read(`?lang=${lang}`)).toContain(lang === 'en' ? 'Nothing is wrong.' : '一切正常。')
})

test('a bug behind a page is in the log once, by the id that the page shows', async () => {
  const broken = (store: Store): Store => ({ ...store, stats: () => Promise.reject(new Error('a bug')) })
  const { api, visit, cookieOf } = await openConsole({}, broken)
  const answer = await visit('', await cookieOf())
  expect(answer.status).toBe(500)
  const failed = api.logged.map(line => JSON.parse(line)).filter(({ event }) => event === 'request.failed')
  expect(failed).toHaveLength(1)
  expect(await answer.text()).toContain(failed[0].requestId)
})
