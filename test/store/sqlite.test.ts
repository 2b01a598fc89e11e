import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import type { OpenStore } from '../support/store.ts'
import { describeSharedStore, describeStore } from './conformance.ts'
import { newPath } from './support/files.ts'
import { findInconsistencies } from './support/invariants.ts'

const START = Date.parse('2026-11-24T08:00:00Z')
const MASTER_KEY = randomBytes(32)

/** A new file is a copy of one: all migrations, each on the disk, take longer than most tests. */
const folder = mkdtempSync(join(tmpdir(), 'notifier-template-'))
const template = join(folder, 'notifier.db')
beforeAll(async () => {
  await (await openSqliteStore({ path: template, masterKey: MASTER_KEY, now: () => START, defaultRate: 1 })).close()
})
afterAll(() => rmSync(folder, { recursive: true }))

const openNew: OpenStore = async ({ rate }) => {
  const { now, advance } = createFixedClock(START)
  return { store: await openRemoteStore({ path: newFile(), masterKey: MASTER_KEY, now, defaultRate: rate }), advance }
}

const newFile = (): string => {
  const path = newPath()
  copyFileSync(template, path)
  onTestFinished(() => expect(findInconsistencies(path)).toEqual([]))
  return path
}

// Across the messages of its thread, as a service has it. Real threads are in remote-store.test.ts.
describeStore('SQLite', openNew)

describeSharedStore('two handles of an SQLite file', async ({ rate }) => {
  const { now, advance } = createFixedClock(START)
  const options = { path: newFile(), masterKey: MASTER_KEY, now, defaultRate: rate }
  return { store: await openSqliteStore(options), other: await openSqliteStore(options), advance }
})
