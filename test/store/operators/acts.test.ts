import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'

const ACT = { who: 'token_1', name: 'Zoë', act: 'account.pause', object: 'acc_1', reason: null, changes: null } as const

test('an act was pushed out of the audit by a million others, such as what a token was refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-acts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'notifier.db')
  const options = { path, masterKey: randomBytes(32), now: () => Date.parse('2026-11-24T08:00:00Z'), defaultRate: 5 }
  await using stack = new AsyncDisposableStack()
  const store = await openSqliteStore(options)
  stack.defer(() => store.close())
  await store.recordAct({ ...ACT, outcome: 'done' })
  const client = new Database(path)
  client.prepare("UPDATE sqlite_sequence SET seq = 2000000 WHERE name = 'acts'").run()
  client.close()
  await store.recordAct({ ...ACT, outcome: 'refused' })
  const { found: acts } = await store.listActs({
    who: null,
    act: null,
    object: null,
    since: null,
    before: null,
    limit: 10,
  })
  expect(acts.map(({ outcome }) => outcome)).toEqual(['refused', 'done'])
})
