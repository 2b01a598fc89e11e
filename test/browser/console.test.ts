import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/core/duration.ts'
import { ALL_SERIES, noCounts } from '../../src/core/history.ts'
import { LIMITS } from '../../src/http/listen.ts'
import { openListening } from '../attack/support/listening.ts'
import { ADMIN_TOKEN } from '../http/support/api.ts'
import { keepPages, openBrowser, reasonToSkip } from './chromium.ts'
import { BUSY_MS, contextOf, faultsOf, SCREENS } from './faults.ts'

const HOSTILE = `<script>alert(1)</script>"' ${'long'.repeat(17)}`

/** A service of which something is in each state. */
const openService = async () => {
  const api = await openListening(LIMITS)
  const admin = async (method: string, path: string, body?: unknown) => {
    const { status, text, json } = await api.call(method, `/v1/admin/${path}`, { key: ADMIN_TOKEN, body })
    if (status >= 300) throw new Error(text)
    return json
  }
  const register = async (idcardid: string, host: string) => {
    api.clock.now += MINUTE
    const { id } = await api.register({
      idcardid,
      callbackUrl: `https://${host}/hook`,
      metadata: { order: `${HOSTILE}\u202e` },
    })
    return id as string
  }
  await register('1000000001', 'well.example')
  await api.succeed()
  await api.receiveWith(200)
  const exhausted = await register('1000000002', 'down.example')
  await api.succeed()
  // In one line, as JSON often is.
  await api.receiveWith(503, { scheduleMs: [], responseExcerpt: 'x'.repeat(1024) })
  await register('1000000003', `${'long.'.repeat(20)}example`)
  await api.succeed()
  await api.receiveWith(null)
  await register('1000000004', 'gone.example')
  await api.succeed()
  await api.receiveWith(410)
  await register('1000000005', 'well.example')
  for (let times = 0; times < 5; times++) {
    await api.answerWith({ kind: 'invalid_id', code: 4060 })
    api.clock.now += MINUTE
  }
  await api.store.noteAlerts([
    {
      ...{ condition: 'message.exhausted', subject: `${'long.'.repeat(20)}example`, at: api.clock.now, adds: 1 },
      details: { partnerId: api.partner.id, host: `${'long.'.repeat(20)}example`, error: 'http_503' },
    },
  ])
  const { id: partnerId } = api.partner
  const counts = {
    ...noCounts(),
    succeeded: 2,
    delivered: 2,
    arrived200: 2,
    failedAttempts: 1,
    polls: 3,
    answered100: 3,
  }
  await api.store.addHistory('node_0', {
    at: api.clock.now - (api.clock.now % MINUTE) - HOUR,
    entries: [ALL_SERIES, { ...ALL_SERIES, partnerId }, { ...ALL_SERIES, partnerId, host: 'down.example' }].map(
      series => ({ ...series, ...counts }),
    ),
  })
  const cancelled = await register('1000000006', 'well.example')
  await api.call('DELETE', `/v1/registrations/${cancelled}?erase=true`)
  await admin('PATCH', `partners/${api.other.id}`, { name: HOSTILE, reason: HOSTILE })
  const { id: bulk } = await admin('POST', 'bulk', { act: 'resend', filter: { host: 'down.example' }, reason: HOSTILE })
  const since = new Date(api.clock.now - MINUTE).toISOString()
  const { json: resend } = await api.call('POST', '/v1/resend', { body: { since, delivery: 'exhausted' } })
  const node = {
    version: '1.0',
    settings: 'red-fox',
    clockAheadMs: null,
    answers: null,
    roles: ['api', 'poll', 'deliver'] as const,
  }
  await api.store.beatNode({ ...node, id: 'node_1', name: 'lost:1' })
  api.clock.now += MINUTE
  await api.store.beatNode({ ...node, id: 'node_0', name: 'works:1' })
  const pending = await register('1000000007', 'well.example')
  const pause = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: api.clock.now + MINUTE }
  await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, pause)

  const origin = api.url
  const cookieOf = async (token: string) => {
    const answer = await fetch(`${origin}/console/sign-in`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ token }),
      redirect: 'manual',
    })
    const [name = '', value = ''] = answer.headers.get('set-cookie')?.split(';')[0]?.split('=') ?? []
    return { name, value, url: `${origin}/console` }
  }
  return { api, origin, exhausted, pending, bulk: bulk as string, resend: resend.id as string, cookieOf }
}
type Service = Awaited<ReturnType<typeof openService>>
type Who = 'operator' | 'partner'

const PAGES: Readonly<Record<Who, Readonly<Record<string, (service: Service) => string>>>> = {
  operator: {
    now: () => '',
    registrations: () => 'registrations',
    'a search without results': () => 'registrations?serial=404',
    'a registration with attempts': ({ exhausted }) => `registrations/${exhausted}`,
    'a pending registration': ({ pending }) => `registrations/${pending}`,
    deliveries: () => 'deliveries',
    hosts: () => 'hosts?span=7d',
    partners: () => 'partners',
    'a new partner': () => 'partners/new',
    'a partner': ({ api }) => `partners/${api.partner.id}`,
    'a partner with a hostile name': ({ api }) => `partners/${api.other.id}`,
    accounts: () => 'accounts',
    'a new account': () => 'accounts/new',
    'an account': ({ api }) => `accounts/${api.account.id}`,
    'bulk acts': () => 'bulk',
    'a new bulk act': () => 'bulk/new?act=resend&host=down.example&error=http_503',
    'a bulk act': ({ bulk }) => `bulk/${bulk}`,
    nodes: () => 'nodes',
    alerts: () => 'alerts',
    settings: () => 'settings',
    audit: () => 'audit',
  },
  partner: {
    now: () => '',
    registrations: () => 'registrations',
    'a registration': ({ exhausted }) => `registrations/${exhausted}`,
    deliveries: () => 'deliveries',
    hosts: () => 'hosts',
    'sending again': ({ resend }) => `deliveries/resend/${resend}`,
    secrets: () => 'secrets',
  },
}

describe.skipIf(reasonToSkip !== null)('the console in Chromium', () => {
  let service: Service
  let browser: Browser
  let cookies: Record<Who, Awaited<ReturnType<Service['cookieOf']>>>
  beforeAll(async () => {
    service = await openService()
    cookies = {
      operator: await service.cookieOf(ADMIN_TOKEN),
      partner: await service.cookieOf(service.api.partner.key),
    }
    browser = await openBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await service.api[Symbol.asyncDispose]()
  })

  const urlOf = (path: string) => `${service.origin}/console/${path}`
  const pageOf = keepPages(() => browser)
  const signedIn = async (who: Who | null, options: BrowserContextOptions = { locale: 'en' }) => {
    const page = await pageOf(options)
    page.setDefaultTimeout(BUSY_MS / 2)
    if (who !== null) await page.context().addCookies([cookies[who]])
    return page
  }
  const openPage = async (who: Who | null, path: string, options: BrowserContextOptions = {}) => {
    const page = await signedIn(who, { locale: 'en', ...options })
    await page.goto(urlOf(path))
    return page
  }
  /** A page whose clock is the test's, which it stays: one of its own. */
  const openStopped = async (path: string, options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({ locale: 'en', ...options })
    context.setDefaultTimeout(BUSY_MS / 2)
    await context.addCookies([cookies.operator])
    const page = await context.newPage()
    await page.clock.install()
    await page.goto(urlOf(path))
    return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() })
  }
  const focusedText = (page: Page) => page.evaluate('document.activeElement.textContent.trim()')

  const cases = [
    { who: null, name: 'signing in', pathOf: () => 'sign-in' },
    ...(['operator', 'partner'] as const).flatMap(who =>
      Object.entries(PAGES[who]).map(([name, pathOf]) => ({ who, name, pathOf })),
    ),
  ].flatMap(page => SCREENS.map(screen => ({ ...page, ...screen })))
  test.each(cases)(
    '$who: $name at $width px, $locale, $theme has no fault',
    async ({ who, name, pathOf, ...screen }) => {
      const page = await signedIn(who, contextOf(screen))
      const of = { origin: service.origin, path: `/console/${pathOf(service)}`, name: `console-${who}-${name}` }
      expect(await faultsOf(page, screen, of)).toEqual([])
    },
    BUSY_MS,
  )

  test('is signed in to by keys alone, shows what was asked for, and is left', async () => {
    const page = await openPage(null, 'registrations?status=cancelled')
    expect(await page.title()).toMatch(/^Sign in/)
    const isInField = () => page.evaluate('document.activeElement.name === "token"')
    for (let tabs = 0; tabs < 10 && !(await isInField()); tabs++) await page.keyboard.press('Tab')
    await page.keyboard.type(ADMIN_TOKEN)
    await page.keyboard.press('Enter')
    await page.waitForURL(urlOf('registrations?status=cancelled'))
    expect(await page.locator('tbody tr').count()).toBe(1)
    expect(await page.evaluate('document.cookie')).not.toContain('idface_console')
    await page.click('button:text-is("Sign out")')
    await page.waitForURL(urlOf('sign-in'))
    await page.goBack()
    await page.waitForURL(/\/sign-in/)
  })

  test('says that a token is wrong', async () => {
    const page = await openPage(null, 'sign-in')
    await page.fill('[name="token"]', 'ifn_wrong')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role="alert"]:has-text("neither a valid admin token")')
  })

  test('is entered by a link of a partner, with a button', async () => {
    const { json } = await service.api.call('POST', '/v1/console-links', { body: {} })
    const page = await openPage(null, `enter${new URL(json.url).search}`)
    await page.click('main button')
    await page.waitForURL(urlOf(''))
    expect(await page.locator('h1').textContent()).toBe('Overview')
  })

  test('opens the page of a link from elsewhere, as in a chat, for who is signed in', async () => {
    const chat = `data:text/html,<a href="${urlOf('accounts?sort=1')}">Go to Accounts</a>`
    const page = await openPage(null, 'sign-in')
    await page.goto(chat)
    await page.click('a')
    await page.waitForURL(/\/sign-in/)
    await page.fill('[name="token"]', ADMIN_TOKEN)
    await page.keyboard.press('Enter')
    await page.waitForURL(urlOf('accounts?sort=1'))
    await page.goto(chat)
    await page.click('a')
    await page.waitForSelector('h1:text-is("Accounts")')
    expect(page.url()).toBe(urlOf('accounts?sort=1'))
    await page.goto(chat.replace('accounts?sort=1', ''))
    await page.click('a')
    await page.waitForSelector('h1:text-is("Overview")')
  })

  test('leads from each problem to the place where it is mended', async () => {
    const page = await openPage('operator', '')
    const links = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.problems a[href*="#"]')].map(({ href }) => href)`,
    )
    expect(links).toHaveLength(1)
    for (const link of links) {
      await page.goto(link)
      expect(await page.locator(':target').count()).toBe(1)
    }
  })

  const lookedAt = (page: Page) => page.getAttribute('.as-of time', 'datetime')
  const isLook = (request: { url: () => string; resourceType: () => string }) =>
    request.url() === urlOf('') && request.resourceType() === 'fetch'

  test('looks again by itself at what is so now, and leaves the focus and the place', async () => {
    await using page = await openStopped('', { viewport: { width: 1280, height: 300 } })
    const before = await lookedAt(page)
    await page.locator('#live a.button').last().focus()
    await page.evaluate('document.activeElement.isTheSame = true; window.scrollTo(0, 150)')
    service.api.clock.now += MINUTE
    await page.clock.runFor(21_000)
    await expect.poll(() => lookedAt(page)).not.toBe(before)
    expect(await page.evaluate('[document.activeElement.isTheSame, window.scrollY]')).toEqual([true, 150])
    expect(await page.locator('.chart canvas').count()).toBe(5)
  })

  test('shows times in the zone of the browser, and takes those that are typed in it', async () => {
    const path = 'registrations?status=cancelled'
    const timesOf = async (options: BrowserContextOptions) => {
      const page = await openPage('operator', path, options)
      return await page.locator('tbody time').first().textContent()
    }
    const utc = await timesOf({ timezoneId: 'Asia/Tokyo', javaScriptEnabled: false })
    const tokyo = await timesOf({ timezoneId: 'Asia/Tokyo' })
    expect(Date.parse(`${tokyo}Z`) - Date.parse(`${utc}Z`)).toBe(9 * HOUR)
    const sentenceOf = async (options: BrowserContextOptions) => {
      const page = await openPage('operator', `registrations/${service.exhausted}`, options)
      return await page.locator('#live > p').first().textContent()
    }
    const inUtc = await sentenceOf({ timezoneId: 'Asia/Tokyo', javaScriptEnabled: false })
    const inTokyo = await sentenceOf({ timezoneId: 'Asia/Tokyo' })
    const times = [...(inUtc ?? '').matchAll(/(\S{10} \S{8}) UTC/g)].map(([, at]) => Date.parse(`${at}Z`))
    expect(times.length).toBeGreaterThan(0)
    for (const at of times)
      expect(inTokyo).toContain(new Date(at + 9 * HOUR).toISOString().slice(0, 19).replace('T', ' '))
    expect(inTokyo).not.toContain('UTC')
    expect(await timesOf({ timezoneId: 'America/Lima', locale: 'zh-CN' })).toBe(
      await timesOf({ timezoneId: 'Asia/Shanghai' }),
    )
    const page = await openPage('operator', path, { timezoneId: 'Asia/Tokyo' })
    expect(await page.locator('footer [data-zone]').textContent()).toBe('Asia/Tokyo')
    await page.fill('[name="since"]', tokyo ?? '')
    await page.click('main form button')
    await page.waitForURL(/zone=Asia%2FTokyo/)
    expect(await page.locator('tbody tr').count()).toBe(1)
    await page.fill('[name="q"]', `status:cancelled since:2026-01-01T00:00`)
    await page.press('[name="q"]', 'Enter')
    await page.waitForURL(/reg_|since=2026-01-01T00%3A00&zone=Asia%2FTokyo/)
  })

  test('looks again at an account, and leaves what is typed beside it', async () => {
    await using page = await openStopped(`accounts/${service.api.account.id}`)
    await page.fill('[name="apiKey"]', 'half a')
    await page.fill('form[action$="/change"] [name="why"]', 'a typo')
    await service.api.store.pauseAccount(service.api.account.id)
    await page.clock.runFor(21_000)
    await page.waitForSelector('#live .bad:has-text("by an operator")')
    expect(await page.inputValue('[name="apiKey"]')).toBe('half a')
    expect(await page.inputValue('form[action$="/change"] [name="why"]')).toBe('a typo')
  })

  test('looks again at a registration while its webhook is sent, and leaves what is typed beside it', async () => {
    const { json } = await service.api.call('GET', '/v1/registrations?idcardid=1000000001')
    const { id } = json.data[0]
    await service.api.call('POST', `/v1/registrations/${id}/resend`)
    await using page = await openStopped(`registrations/${id}`)
    await page.fill('[name="why"]', 'half a')
    await service.api.receiveWith(200)
    await page.clock.runFor(6_000)
    await page.waitForSelector('#live :text("Attempt 2")')
    await page.waitForSelector('#facts .badge:text-is("delivered")')
    expect(await page.getAttribute('#live', 'data-live')).toBe(null)
    expect(await page.inputValue('[name="why"]')).toBe('half a')
    expect(await page.isVisible('[data-copy="#curl"]')).toBe(true)
  })

  test('looks not again while it is hidden', async () => {
    await using page = await openStopped('')
    let looks = 0
    page.on('request', request => {
      if (isLook(request)) looks++
    })
    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })`)
    await hide(true)
    await page.clock.runFor(10 * MINUTE)
    await hide(false)
    expect(looks).toBe(0)
    const look = page.waitForRequest(isLook)
    await page.clock.runFor(40_000)
    await look
  })

  test('has all of a search in its address, for bookmarks and the way back', async () => {
    const page = await openPage('operator', 'registrations')
    await page.selectOption('[name="status"]', 'cancelled')
    await page.click('main form button')
    await page.waitForURL(/registrations\?.*status=cancelled/)
    const found = await page.locator('tbody').textContent()
    const bookmark = page.url()
    await page.click('tbody a')
    await page.waitForURL(/registrations\/reg_/)
    await page.goBack()
    expect(page.url()).toBe(bookmark)
    expect(await page.locator('tbody').textContent()).toBe(found)
    await page.goto('about:blank')
    await page.goto(bookmark)
    expect(await page.inputValue('[name="status"]')).toBe('cancelled')
    expect(await page.locator('tbody').textContent()).toBe(found)
  })

  test('is used by keys: / searches, j and k go along a list, Enter opens', async () => {
    const page = await openPage('operator', 'registrations')
    const serials = await page.locator('tbody td:has([type="checkbox"]) + td a').allTextContents()
    const steps = [
      ['j', 0],
      ['j', 1],
      ['k', 0],
    ] as const
    for (const [key, at] of steps) {
      await page.keyboard.press(key)
      expect(await focusedText(page)).toBe(serials[at])
    }
    await page.keyboard.press('/')
    await page.keyboard.type('jk/')
    expect(await page.inputValue('[name="q"]')).toBe('jk/')
    await page.fill('[name="q"]', '1000000002')
    await page.keyboard.press('Enter')
    await page.waitForURL(urlOf(`registrations/${service.exhausted}`))
    await page.goBack()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL(/registrations\/reg_/)
  })

  test('disables a partner by keys alone, after it has said what that means', async () => {
    const page = await openPage('operator', `partners/${service.api.other.id}`)
    const disabling = page.locator('details', { hasText: 'its webhooks wait' })
    expect(await disabling.locator('[name="why"]').isVisible()).toBe(false)
    await disabling.locator('summary').focus()
    await page.keyboard.press('Enter')
    await disabling.locator('p').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.type('left us')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dd .badge:text-is("disabled")')
  })

  test('a button copies', async () => {
    const page = await openPage('operator', `registrations/${service.exhausted}`, {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    await page.click('[data-copy="#curl"]')
    await page.waitForSelector('button:text-is("Copied")')
    const copied = await page.evaluate('navigator.clipboard.readText()')
    expect(copied).toBe(await page.locator('#curl').textContent())
    expect(copied).toContain(`${service.origin}/v1/admin/registrations/${service.exhausted}`)
  })

  test('what is personal is shown for a reason, on a page that no address names', async () => {
    const page = await openPage('operator', `registrations/${service.pending}`)
    expect(await page.locator('main').textContent()).not.toContain('<script>')
    let posts = 0
    page.on('request', request => {
      if (request.method() === 'POST') posts++
    })
    await page.fill('[name="why"]', 'the person asks')
    // It has several acts, and does none of them.
    await page.keyboard.press('Enter')
    await page.click('button:text-is("Show personal data")')
    await page.waitForSelector('dd:has-text("<script>alert(1)</script>")')
    expect(posts).toBe(1)
    await page.click('text=中文')
    await page.waitForURL(urlOf(`registrations/${service.pending}`))
    expect(await page.locator('main').textContent()).not.toContain('<script>')
  })

  test('the other language is at the same page, and stays', async () => {
    const page = await openPage('operator', 'registrations?status=pending')
    await page.click('text=中文')
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN')
    expect(await page.inputValue('[name="status"]')).toBe('pending')
    await page.click('nav >> text=投递')
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN')
  })

  test('shows a form that was refused again, to be mended, without JavaScript', async () => {
    const page = await openPage('operator', 'accounts/new', { javaScriptEnabled: false })
    await page.fill('[name="account"]', 'C99')
    await page.fill('[name="apiKey"]', 'secret')
    await page.selectOption('[name="mode"]', 'static')
    await page.fill('[name="rate"]', 'fast')
    await page.click('main button')
    await page.waitForSelector('[role="alert"]')
    expect(await page.inputValue('[name="account"]')).toBe('C99')
    expect(await page.inputValue('[name="apiKey"]')).toBe('')
    await page.fill('[name="apiKey"]', 'secret')
    await page.fill('[name="rate"]', '7')
    await page.click('main button')
    await page.waitForURL(urlOf('accounts'))
    expect(await service.api.store.findAccount('C99')).toMatchObject({ rate: 7, passwordMode: 'static' })
  })

  test('opens its menu on a narrow screen without JavaScript, and closes it by Escape', async () => {
    const narrow = { viewport: { width: 375, height: 700 }, javaScriptEnabled: false }
    const page = await openPage('operator', 'registrations', narrow)
    expect(await page.isVisible('nav')).toBe(false)
    await page.click('[popovertarget]')
    await page.waitForSelector('nav:visible')
    await page.keyboard.press('Escape')
    await page.waitForSelector('nav', { state: 'hidden' })
    await page.click('[popovertarget]')
    await page.click('nav >> text=Nodes')
    await page.waitForURL(urlOf('nodes'))
  })

  test('has boxes wide enough for a finger on a narrow screen', async () => {
    for (const who of ['operator', 'partner'] as const)
      for (const path of ['registrations', 'deliveries?host=down.example']) {
        const page = await openPage(who, path, { viewport: { width: 375, height: 700 }, hasTouch: true })
        const box = await page.locator('tbody [type="checkbox"]').first().boundingBox()
        expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24)
      }
  })

  test('selects all rows at once on a narrow screen, and keeps their acts in sight', async () => {
    const page = await openPage('partner', 'registrations', { viewport: { width: 375, height: 700 } })
    const rows = page.locator('tbody [type="checkbox"]')
    const all = page.locator('thead [type="checkbox"]')
    const isInSight = async () => {
      const box = await page.locator('#ticked').boundingBox()
      return box !== null && box.y >= 0 && box.y + box.height <= 700
    }
    await page.evaluate('window.scrollTo(0, 0)')
    expect(await isInSight()).toBe(false)
    await all.check()
    expect(await page.locator('tbody :checked').count()).toBe(await rows.count())
    expect(await isInSight()).toBe(true)
    await rows.first().uncheck()
    expect(await all.isChecked()).toBe(false)
  })

  test('signs in, finds, resends and leaves without JavaScript', async () => {
    const page = await openPage(null, '', { javaScriptEnabled: false })
    await page.fill('[name="token"]', service.api.partner.key)
    await page.click('main button')
    await page.fill('[name="q"]', '1000000002')
    await page.press('[name="q"]', 'Enter')
    await page.waitForURL(urlOf(`registrations/${service.exhausted}`))
    expect(await page.isVisible('[data-copy]')).toBe(false)
    const deliveryOf = async () =>
      (await service.api.call('GET', `/v1/registrations/${service.exhausted}`)).json.delivery
    const before = await deliveryOf()
    await page.click('button:text-is("Resend")')
    await page.waitForURL(urlOf(`registrations/${service.exhausted}`))
    expect([before.state, (await deliveryOf()).state]).toEqual(['exhausted', 'pending'])
    await page.click('button:text-is("Sign out")')
    await page.waitForURL(urlOf('sign-in'))
  })
})

if (reasonToSkip !== null) test('the console in Chromium', ({ skip }) => skip(reasonToSkip ?? ''))
