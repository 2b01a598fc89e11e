import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const found = PLACES.find(path => existsSync(path))

/** Null where there is a browser; Debian's package `chromium` brings one. */
export const reasonToSkip = found === undefined ? 'there is no Chromium here: apt-get install chromium' : null

export const openBrowser = (): Promise<Browser> =>
  // In containers root has no sandbox, and /dev/shm is small.
  chromium.launch({ executablePath: found ?? '', args: ['--no-sandbox', '--disable-dev-shm-usage'] })
