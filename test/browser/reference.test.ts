import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/http/listen.ts'
import { openListening } from '../attack/support/listening.ts'
import { openPrefixProxy } from '../http/docs/support/prefix-proxy.ts'
import { openBrowser, reasonToSkip } from './chromium.ts'

const BUSY_MS = 60_000

describe.skipIf(reasonToSkip !== null)('the reference', { timeout: BUSY_MS }, () => {
  test('tries a call out below the prefix of a proxy', async () => {
    await using api = await openListening(LIMITS, { now: () => performance.now() * 100 })
    await using proxy = await openPrefixProxy(api.url, '/idface/v2')
    const browser = await openBrowser()
    try {
      const page = await browser.newPage()
      await page.goto(`${proxy.url}/docs/reference`)
      await page.locator('button.authorize').click()
      await page.locator('.auth-container input').fill(api.partner.key)
      await page.locator('.auth-container button[type=submit]').click()
      await page.locator('.btn-done').click()
      await page.locator('#operations-Account-me .opblock-summary-control').click()
      await page.locator('#operations-Account-me .try-out__btn').click()
      const answered = page.waitForResponse(response => response.url().endsWith('/v1/me'))
      await page.locator('#operations-Account-me .execute').click()
      const response = await answered
      expect([response.url(), response.status()]).toEqual([`${proxy.url}/v1/me`, 200])
    } finally {
      await browser.close()
    }
  })
})

if (reasonToSkip !== null) test('the reference', ({ skip }) => skip(reasonToSkip ?? ''))
