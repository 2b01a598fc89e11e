import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
/** Each width with each theme, since some of a page is shown on wide ones only; both languages with each of either. */
const ALL_SCREENS = [
  { width: 1280, theme: 'light', locale: 'en' },
  { width: 1280, theme: 'dark', locale: 'zh-CN' },
  { width: 375, theme: 'light', locale: 'zh-CN' },
  { width: 375, theme: 'dark', locale: 'en' },
] as const
export type Screen = (typeof ALL_SCREENS)[number]
const isNight = process.env.ALL_SCREENS === '1'
/** By day the first. */
export const SCREENS = ALL_SCREENS.filter((_, index) => isNight || index === 0)
/** By day axe reads a page of text, one of figures, and one with most kinds of parts. */
const READ_BY_DAY = ['docs-webhooks', 'console-operator-now', 'console-operator-a registration with attempts']
/** Other tests run beside. */
export const BUSY_MS = 120_000
/** A folder for a picture of each page. */
const PICTURES = process.env.PICTURES ?? null

/** The browser's settings for a screen. */
export const contextOf = ({ width, theme, locale }: Screen) => ({
  viewport: { width, height: 800 },
  colorScheme: theme,
  locale,
})

/** Collects the faults of a page while it is read. */
const watch = (page: Page, origin: string) => {
  const faults: string[] = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', error => faults.push(`error: ${error.message}`))
  page.on('request', request => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) faults.push(`foreign request: ${url}`)
  })
  page.on('response', response => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`)
  })
  return faults
}

export const violationsOf = async (page: Page): Promise<string[]> => {
  // By the debugger, which the page's policy does not concern.
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as AxeResults
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' | ')}`)
}

/**
 * The faults of a page: its language, parts wider than the screen, findings of axe, errors, refused and foreign
 * requests.
 *
 * @param page may have shown others before
 */
export const faultsOf = async (
  page: Page,
  { width, locale, theme }: Screen,
  { origin, path, name }: { origin: string; path: string; name: string },
): Promise<string[]> => {
  page.setDefaultTimeout(BUSY_MS / 2)
  const faults = watch(page, origin)
  await page.goto(`${origin}${path}`)
  const language = await page.getAttribute('html', 'lang')
  if (language !== locale) faults.push(`language: ${language}`)
  const scrollWidth = Number(await page.evaluate('document.documentElement.scrollWidth'))
  if (scrollWidth > width) faults.push(`${scrollWidth} pixels wide`)
  if (PICTURES !== null) {
    mkdirSync(PICTURES, { recursive: true })
    await page.screenshot({ path: join(PICTURES, `${name}-${width}-${locale}-${theme}.png`), fullPage: true })
  }
  if (isNight || READ_BY_DAY.includes(name)) faults.push(...(await violationsOf(page)))
  page.removeAllListeners()
  return faults
}
