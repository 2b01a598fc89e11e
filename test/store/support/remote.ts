import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { SqliteOptions } from '../../../src/store/sqlite/store.ts'

const KEY = randomBytes(32)
export const START = Date.parse('2026-11-24T08:00:00Z')

/** Of a database in a folder that ends with the test. */
export const newPath = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-remote-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'notifier.db')
}
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
