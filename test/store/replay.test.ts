import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { newPartner } from '../../src/core/new-partner.ts'
import { EVERY_ACT, type StoreFixture } from '../support/store.ts'
import { newPath, openFileBench } from './support/files.ts'
import { readAll } from './support/read-all.ts'
import { CASES, type Case } from './support/replay-cases.ts'
import { open } from './support/replay-fixture.ts'

/** What there is to be seen afterwards. */
const stateOf = async (bench: StoreFixture) => {
  const { store, partnerId, account, claim, claimMessages } = bench
  return {
    ...(await readAll(bench)),
    usage: await store.usageOf(partnerId),
    partners: await store.listPartners({ limit: 100, after: null }),
    secrets: await store.listSigningSecrets(partnerId),
    adminTokens: await store.listAdminTokens({ limit: 100, after: null }),
    bulkActs: await store.listBulkActs({ limit: 100, before: null }),
    acts: await store.listActs(EVERY_ACT),
    completions: await store.completionsOf(account.id),
    claimed: [await claim(), await claim(), await claimMessages()],
    operatorEvents: await store.claimAlerts({ limit: 10, leaseMs: SECOND, gapMs: 0 }),
  }
}

/** Ids in the order in which they come, bytes as text. */
const comparable = (value: unknown): unknown => {
  const known = new Map<string, string>()
  const json = JSON.stringify(value, (_, one) =>
    one instanceof Map ? [...one] : one?.type === 'Buffer' ? Buffer.from(one.data).toString() : one,
  )
  const named = json?.replaceAll(/\b[a-z]+_[0-9A-Z]{26}\b/g, id => {
    if (!known.has(id)) known.set(id, `id ${known.size}`)
    return known.get(id) ?? ''
  })
  return named === undefined ? undefined : JSON.parse(named)
}

/** Makes the call, and another one that throws once the call's part of their transaction has run. */
const besideOneThatThrows = async <Result>(bench: StoreFixture, call: () => Promise<Result>): Promise<Result> => {
  const result = call()
  // A verb may read before it writes.
  for (let n = 0; n < 50; n++) await null
  const taken = { ...newPartner('again', { newId: bench.newId, random: randomBytes }).partner, id: bench.partnerId }
  await expect(bench.store.createPartner(taken)).rejects.toThrow()
  return result
}

const run = async (prepare: Case, { isReplayed }: { isReplayed: boolean }) => {
  await using bench = await open()
  const call = await prepare(bench)
  const told: unknown[] = []
  for (const name of ['verificationsDue', 'messagesDue', 'bulkActsDue', 'resolved', 'withdrawn'] as const)
    bench.store.hints.on(name, (...args: unknown[]) => told.push([name, ...args]))
  const result = await (isReplayed ? besideOneThatThrows(bench, call) : call())
  const hints = [...told]
  await bench.advance(MINUTE + SECOND)
  return comparable({ result, hints, state: await stateOf(bench) })
}

describe('a transaction that is run again because another call in it throws', () => {
  test.each(Object.entries(CASES))('does %s once', async (_, prepare) => {
    expect(await run(prepare, { isReplayed: true })).toEqual(await run(prepare, { isReplayed: false }))
  })

  test('tells once of a message that cannot be decrypted', async () => {
    await using bench = await openFileBench(newPath())
    const { id } = await bench.resolve()
    bench.change("UPDATE message_bodies SET body = x'00112233'")
    const told: string[] = []
    bench.store.hints.on('unreadable', ({ id: which }) => told.push(which))
    expect(await besideOneThatThrows(bench, () => bench.claimMessages())).toEqual([])
    expect(told).toEqual([id])
  })
})
