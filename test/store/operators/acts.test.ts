import { expect, test } from 'vitest'
import { EVERY_ACT } from '../../support/store.ts'
import { newPath, openFileBench } from '../support/files.ts'

const ACT = { who: 'token_1', name: 'Zoë', act: 'account.pause', object: 'acc_1', reason: null, changes: null } as const
test('an act was pushed out of the audit by a million others, such as refusals of a token', async () => {
  await using bench = await openFileBench(newPath())
  const { store } = bench
  await store.recordAct({ ...ACT, outcome: 'done' })
  bench.change("UPDATE sqlite_sequence SET seq = 2000000 WHERE name = 'acts'")
  await store.recordAct({ ...ACT, outcome: 'refused' })
  const { found: acts } = await store.listActs(EVERY_ACT)
  expect(acts.map(({ outcome }) => outcome)).toEqual(['refused', 'done'])
})
