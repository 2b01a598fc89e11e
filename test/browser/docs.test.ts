import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PAGES as SERVED } from '../../scripts/served-docs.ts'
import { LIMITS } from '../../src/http/listen.ts'
import { openListening } from '../attack/support/listening.ts'
import { keepPages, openBrowser, reasonToSkip } from './chromium.ts'
import { BUSY_MS, contextOf, faultsOf, SCREENS, violationsOf } from './faults.ts'

const PAGES = SERVED.map(({ name }) => (name === 'start' ? '/docs' : `/docs/${name}`))
const LANGUAGES = ['en', 'zh-CN']

describe.skipIf(reasonToSkip !== null)('in Chromium', () => {
  let api: Awaited<ReturnType<typeof openListening>>
  let browser: Browser
  beforeAll(async () => {
    api = await openListening(LIMITS, { now: () => performance.now() * 100 })
    browser = await openBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await api[Symbol.asyncDispose]()
  })

  const pageOf = keepPages(() => browser)
  const openPage = async (path: string, options: BrowserContextOptions = { locale: 'en' }) => {
    const page = await pageOf(options)
    await page.goto(`${api.url}${path}`)
    return page
  }

  const cases = PAGES.flatMap(path => SCREENS.map(screen => ({ path, ...screen })))
  test.each(cases)(
    '$path at $width px, $locale, $theme has no fault',
    async ({ path, ...screen }) => {
      const name = path.slice(1).replaceAll('/', '-')
      const page = await pageOf(contextOf(screen))
      expect(await faultsOf(page, screen, { origin: api.url, path, name })).toEqual([])
    },
    BUSY_MS,
  )

  test('a button copies a block of code', async () => {
    const page = await openPage('/docs', { permissions: ['clipboard-read', 'clipboard-write'] })
    const button = page.locator('.code button').first()
    expect(await button.textContent()).toBe('Copy')
    const [frame, code] = await Promise.all([button.boundingBox(), page.locator('.code pre').first().boundingBox()])
    expect((frame?.y ?? 0) + (frame?.height ?? 0)).toBeLessThanOrEqual(code?.y ?? 0)
    await button.click()
    await page.waitForSelector('.code button:text-is("Copied")')
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(`export NOTIFIER_URL=${api.url}\n`)
  })

  test.each(PAGES.flatMap(path => LANGUAGES.map(locale => [path, locale] as const)))(
    'on a telephone %s begins below two lines, with the way to its sections and to the other pages: %s',
    async (path, locale) => {
      const page = await openPage(path, { viewport: { width: 375, height: 800 }, locale })
      expect(await page.evaluate('document.querySelector("h1").getBoundingClientRect().top')).toBeLessThan(140)
      const { x = -1, width = 0 } = (await page.locator('nav.pages [aria-current]').boundingBox()) ?? {}
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x + width).toBeLessThan(375)
      const section = page.locator('nav.sections a').first()
      expect(await section.isVisible()).toBe(false)
      await page.click('nav.sections summary')
      await section.click()
      expect(new URL(page.url()).hash).toBe(await section.getAttribute('href').then(href => encodeURI(href ?? '')))
    },
  )

  test('the list of sections stands open beside the text where there is room', async () => {
    const page = await openPage('/docs/webhooks', { viewport: { width: 1280, height: 800 } })
    expect(await page.locator('nav.sections a').first().isVisible()).toBe(true)
    await page.setViewportSize({ width: 375, height: 800 })
    await expect.poll(() => page.locator('nav.sections a').first().isVisible()).toBe(false)
  })

  test('the whole body of a webhook is in sight on a telephone', async () => {
    const page = await openPage('/docs/webhooks', { viewport: { width: 375, height: 800 } })
    const hidden =
      'const { scrollWidth, clientWidth } = document.querySelector("pre:has(> .http)"); scrollWidth - clientWidth'
    expect(await page.evaluate(hidden)).toBe(0)
  })

  test('the other language is at the same place of the page', async () => {
    const page = await openPage('/docs/operate#retries')
    await page.click('text=中文')
    await page.waitForURL(`${api.url}/docs/operate?lang=zh#retries`)
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN')
  })

  test('one choice of language is one for all code, on all pages', async () => {
    const page = await openPage('/docs/verify')
    const [node, python] = ['Node', 'Python'].map(name => page.locator(`main section[data-sample="${name}"]`))
    expect([await node?.isVisible(), await python?.isVisible()]).toEqual([true, false])
    await page.click('.choice button:text-is("Python")')
    expect([await node?.isVisible(), await python?.isVisible()]).toEqual([false, true])
    await page.reload()
    expect([await node?.isVisible(), await python?.isVisible()]).toEqual([false, true])
    await page.goto(`${api.url}/docs/verify#node`)
    await page.waitForSelector('section[data-sample="Node"]:visible')
  })

  test('the search finds sections of other pages, and leads there', async () => {
    const page = await openPage('/docs/examples')
    await page.keyboard.press('/')
    await page.fill('.finder input', 'too_many')
    await page.click('.finder a >> nth=0')
    await page.waitForURL(`${api.url}/docs/problems?lang=en#too_many_requests`)
    await page.click('.search')
    await page.fill('.finder input', 'qqqq')
    await page.waitForSelector('.finder p:text-is("Nothing found")')
    expect(await violationsOf(page)).toEqual([])
  })

  test('the search marks what it has found, also by words that no page shows', async () => {
    const page = await openPage('/docs/nothing')
    expect(await page.title()).toContain('No such page')
    await page.keyboard.press('/')
    await page.fill('.finder input', 'retry')
    await page.waitForSelector('.finder mark')
    const [first] = await page.locator('.finder a').all()
    expect(await first?.getAttribute('href')).toBe(`${api.url}/docs/operate?lang=en#retries`)
    expect(await first?.locator('strong mark').textContent()).toBe('Retries')
    expect(await violationsOf(page)).toEqual([])
    await page.fill('.finder input', 'ngrok')
    await page.waitForSelector('.finder a[href$="#2-start-a-receiver"]')
    expect(await page.locator('.finder a').first().textContent()).not.toContain('ngrok')
    await page.click('.finder a >> nth=0')
    await page.waitForURL(`${api.url}/docs?lang=en#2-start-a-receiver`)
    expect(await page.locator('main p[hidden]').first().isVisible()).toBe(false)
  })

  test('the search is used by keys alone, though not while an input method has them', async () => {
    const page = await openPage('/docs/examples')
    await page.keyboard.press('/')
    await page.fill('.finder input', 'too_many')
    await page.waitForSelector('.finder a')
    const focused = () => page.evaluate('document.activeElement.getAttribute("href")')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toMatch(/#too_many_requests$/)
    await page.keyboard.press('ArrowUp')
    expect(await focused()).toBeNull()
    await page.evaluate(
      'document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true }))',
    )
    expect(await page.isVisible('.finder')).toBe(true)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${api.url}/docs/problems?lang=en#too_many_requests`)
  })

  test.each([
    ['重发', '/docs/reference#resend'],
    ['重新发送', '/docs/operate#missed-webhooks-and-events'],
    ['补发', '/docs/operate#missed-webhooks-and-events'],
    ['轮换', '/docs/operate#rotating-the-secret'],
    ['没收到', '/docs#5-if-nothing-comes'],
  ])('the search in Chinese finds %s early', async (word, place) => {
    const page = await openPage('/docs', { locale: 'zh-CN' })
    await page.keyboard.press('/')
    await page.fill('.finder input', word)
    await page.waitForSelector('.finder a')
    const hrefs = await page.locator('.finder a').evaluateAll(links => links.map(link => link.getAttribute('href')))
    expect(hrefs.slice(0, 2)).toContain(`${api.url}${place.replace('#', '?lang=zh#')}`)
  })

  test('code is coloured', async () => {
    const page = await openPage('/docs/verify')
    expect(await page.locator('main .is-keyword').first().textContent()).toBe('import')
  })

  test('a page is whole without JavaScript', async () => {
    const page = await openPage('/docs', { javaScriptEnabled: false })
    await page.click('text=中文')
    expect(page.url()).toBe(`${api.url}/docs?lang=zh`)
    await page.click('nav.pages >> text=错误码')
    expect(page.url()).toBe(`${api.url}/docs/problems?lang=zh`)
    await page.click('nav.pages >> text=验签代码')
    for (const name of ['node', 'python']) expect(await page.isVisible(`h2#${name}`)).toBe(true)
  })
})

if (reasonToSkip !== null) test('in Chromium', ({ skip }) => skip(reasonToSkip ?? ''))
