import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { ADMIN_TOKEN } from '../support/api.ts'
import { openConsole } from './support.ts'

test('leads to the metrics, but not where they need a token', async () => {
  const read = async (metricsToken: Secret | null) => {
    const { visit, cookieOf } = await openConsole({ server: { metricsToken } })
    return (await visit('', await cookieOf(ADMIN_TOKEN))).text()
  }
  expect(await read(null)).toContain('<a href="../metrics">')
  expect(await read(new Secret('the-token-of-prometheus'))).not.toContain('href="../metrics"')
})
