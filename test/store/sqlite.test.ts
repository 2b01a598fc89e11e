import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openSqliteStore, type SqliteOptions } from '../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from '../support/store.ts'
import { describeSharedStore, describeStore } from './conformance.ts'

const START = Date.parse('2026-11-24T08:00:00Z')

const openAt =
  (pathFor: () => string, openSqlite: (options: SqliteOptions) => Promise<Store> = openSqliteStore): OpenStore =>
  async ({ rate }) => {
    const clock = { now: START }
    const store = await openSqlite({
      path: pathFor(),
      masterKey: randomBytes(32),
      now: () => clock.now,
      defaultRate: rate,
    })
    return {
      store,
      advance: ms => {
        clock.now += ms
      },
    }
  }

const newFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'notifier.db')
}

describeStore(
  'SQLite in memory',
  openAt(() => ':memory:'),
)
describeStore('SQLite in a file', openAt(newFile))
describeStore('SQLite in a file, on a thread of its own', openAt(newFile, openRemoteStore))

describeSharedStore('two handles of an SQLite file', async ({ rate }) => {
  const clock = { now: START }
  const options = { path: newFile(), masterKey: randomBytes(32), now: () => clock.now, defaultRate: rate }
  return {
    store: await openSqliteStore(options),
    other: await openSqliteStore(options),
    advance: ms => {
      clock.now += ms
    },
  }
})
