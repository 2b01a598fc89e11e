import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const found = PLACES.find(path => existsSync(path))

/** Null where there is a browser; Debian's package `chromium` brings one. */
export const reasonToSkip = found === undefined ? 'there is no Chromium here: apt-get install chromium' : null

export const openBrowser = (): Promise<Browser> =>
  // In containers root has no sandbox, and /dev/shm is small.
  chromium.launch({ executablePath: found ?? '', args: ['--no-sandbox', '--disable-dev-shm-usage'] })

/**
 * One page for each set of options: a process for each test takes longer than what most of them do with it.
 *
 * @returns gives the page as a new one would be, without cookies, storage and listeners
 */
export const keepPages = (browserOf: () => Browser) => {
  const pages = new Map<string, Page>()
  return async (options: BrowserContextOptions = {}): Promise<Page> => {
    const key = JSON.stringify(options)
    const kept = pages.get(key)
    if (kept === undefined) {
      const page = await browserOf().newPage(options)
      pages.set(key, page)
      return page
    }
    kept.removeAllListeners()
    await kept.context().clearCookies()
    if (kept.url().startsWith('http')) await kept.evaluate('localStorage.clear(); sessionStorage.clear()')
    return kept
  }
}
