import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { openSqliteStore, type SqliteOptions } from '../../../src/store/sqlite/store.ts'
import { createFixedClock } from '../../support/fixed-clock.ts'
import { openStoreFixture } from '../../support/store.ts'

/** It ends with the test. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Of a database in such a folder. */
export const newPath = (): string => join(newFolder(), 'notifier.db')

/** A connection beside the store's, which ends with the test. */
export const openBeside = (path: string, options?: Database.Options): Database.Database => {
  const file = new Database(path, options)
  onTestFinished(() => void file.close())
  return file
}

/** Looks at a file, or changes it, beside its store. */
export const onFile = <T>(path: string, use: (file: Database.Database) => T): T => {
  const file = new Database(path)
  try {
    return use(file)
  } finally {
    file.close()
  }
}

type Options = Partial<Omit<SqliteOptions, 'path'>> & { startAt?: number; open?: typeof openSqliteStore }

/** The workers' steps on a store in a file, by a clock that moves only by `advance`. */
export const openFileBench = async (
  path: string,
  { startAt = Date.parse('2026-11-24T08:00:00Z'), open = openSqliteStore, ...more }: Options = {},
) => {
  const { now, advance } = createFixedClock(startAt)
  const options = { path, masterKey: Buffer.alloc(32, 7), now, ...more }
  const bench = await openStoreFixture(async ({ rate }) => ({
    store: await open({ defaultRate: rate, ...options }),
    advance,
  }))
  return {
    ...bench,
    /** Runs a statement on the file, beside the store. */
    change: (statement: string, ...values: unknown[]) => onFile(path, file => file.prepare(statement).run(...values)),
    /** The first value that a query finds in the file. */
    select: (query: string) => onFile(path, file => file.prepare(query).pluck().get()),
  }
}
