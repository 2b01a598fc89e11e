import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openStage } from './stage.ts'

const CHECKS = 30

/** Completions and watched time in all, as the database has them. */
const learnedIn = (url: string): { completions: number | null; exposureMs: number | null } => {
  const database = new Database(url.replace('file:', ''), { readonly: true })
  try {
    return database
      .prepare<[], { completions: number | null; exposureMs: number | null }>(
        'SELECT sum(completions) AS completions, sum(exposure_ms) AS exposureMs FROM completion_bins',
      )
      .get() as { completions: number | null; exposureMs: number | null }
  } finally {
    database.close()
  }
}

const runChecks = async () => {
  await using stage = await openStage({ SANDBOX: 'true' })
  const late = { steps: [{ status: 'ING' }, { status: 'ING' }], status: 'SUCCESS' }
  await Promise.all(Array.from({ length: CHECKS }, () => stage.register(late)))
  const { receiver, api } = stage
  await api.register({ idcardid: 'test_success', callbackUrl: receiver.urlFor('/hook') })
  await receiver.waitFor(CHECKS + 1)
  await stage.service.stop()
  return learnedIn(stage.env.DATABASE_URL ?? '')
}

test('what was learned is in the database when the service has stopped; test serials taught nothing', async () => {
  const { completions, exposureMs } = await runChecks()
  expect(completions).toBeGreaterThan(CHECKS - 1)
  expect(completions).toBeLessThan(CHECKS + 0.01)
  expect(exposureMs).toBeGreaterThan(CHECKS * 100)
})
