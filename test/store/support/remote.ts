import { randomBytes } from 'node:crypto'
import type { SqliteOptions } from '../../../src/store/sqlite/store.ts'

const KEY = randomBytes(32)
export const START = Date.parse('2026-11-24T08:00:00Z')

export const optionsFor = (path: string): SqliteOptions => ({
  path,
  masterKey: KEY,
  now: () => START,
  defaultRate: 1_000,
})

/** How it has failed; `none`: it has not. */
export const failureOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'none',
    (error: unknown) => error,
  )
