import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { newPartner } from '../../src/core/new-partner.ts'
import type { OperatorNote } from '../../src/core/operator-event.ts'
import { emptyBins } from '../../src/core/polling/completion-bins.ts'
import { Secret } from '../../src/core/secret.ts'
import { ALL_REGISTRATIONS } from '../../src/store/registration-search.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { NewBulkAct, Store } from '../../src/store/store.ts'
import { openFolder } from '../support/service.ts'
import { FAIL, HOOK, openBench, SUCCESS, WAITING } from '../support/store.ts'

type Bench = Awaited<ReturnType<typeof open>>
/** Prepares what a verb needs, and gives the call. */
type Case = (bench: Bench) => Promise<() => Promise<unknown>>

const open = async (path = ':memory:') => {
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const masterKey = Buffer.alloc(32, 7)
  return openBench(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey, now: () => clock.now, defaultRate: rate }),
    advance: ms => {
      clock.now += ms
    },
  }))
}

/** Every verb that writes; `close` aside. */
type Writing = Exclude<
  keyof Store,
  | 'now'
  | 'hints'
  | 'close'
  | 'findRegistration'
  | 'listRegistrations'
  | 'lookUpRegistrations'
  | 'findResend'
  | 'listEvents'
  | 'listAttempts'
  | 'explain'
  | 'completionsOf'
  | 'findPartner'
  | 'listPartners'
  | 'listKeys'
  | 'findKey'
  | 'liveSecrets'
  | 'usageOf'
  | 'statusOf'
  | 'listSigningSecrets'
  | 'findAccount'
  | 'accountFor'
  | 'listAccounts'
  | 'stats'
  | 'engineStats'
  | 'deliveriesHeldAt'
  | 'lastBackup'
  | 'refusingChannel'
  | 'endedCallbackEvents'
  | 'listCallbacks'
  | 'listHistory'
  | 'listAdminTokens'
  | 'findAdminToken'
  | 'listActs'
  | 'searchRegistrations'
  | 'countRegistrations'
  | 'groupFailures'
  | 'partnerOf'
  | 'findBulkAct'
  | 'listBulkActs'
>

const BULK: NewBulkAct = {
  id: 'bulk_1',
  act: 'resend',
  filter: ALL_REGISTRATIONS,
  reason: 'why',
  who: 'token_1',
  name: 'Zoë',
  probe: false,
  counted: { count: 1, isCapped: false },
  createdAt: Date.parse('2026-11-25T08:00:00Z'),
}

const CASES: Record<Writing, Case> = {
  register: async bench => {
    await bench.store.changePartner(bench.partnerId, { quotas: { pending: 2, hosts: 1, daily: 2 } })
    const items = ['1', '1', '2', '3'].map(idcardid => bench.newRegistration({ idcardid }))
    return () => bench.store.register(items)
  },
  cancel: async bench => {
    const { id } = await bench.resolve()
    return () => bench.store.cancel(bench.partnerId, id)
  },
  nudge: async bench => {
    const { id } = await bench.register()
    await bench.poll(WAITING)
    return () => bench.store.nudge(bench.partnerId, id)
  },
  resend: async bench => {
    const { id } = await bench.resolve()
    await bench.deliver(410)
    return () => bench.store.resend(bench.partnerId, id)
  },
  startResend: async bench => {
    await exhausted(bench)
    return () => bench.store.startResend(bench.partnerId, { id: 'resend_1', since: 0, until: bench.store.now() + 1 })
  },
  continueResends: async bench => {
    await exhausted(bench)
    await bench.store.startResend(bench.partnerId, { id: 'resend_1', since: 0, until: bench.store.now() + 1 })
    return () => bench.store.continueResends(10)
  },
  mendDueTimes: async bench => {
    await bench.register()
    await bench.poll(WAITING)
    await exhausted(bench)
    await bench.resolve()
    await bench.advance(-HOUR)
    return () => bench.mend()
  },
  claimVerifications: async bench => {
    const other = await bench.addPartner()
    for (const partnerId of [bench.partnerId, bench.partnerId, other, other]) await bench.register({ partnerId })
    return () => bench.claimWith({ concurrency: 1 })
  },
  settleVerifications: async bench => {
    for (let n = 0; n < 3; n++) await bench.register()
    const [one, two, three] = await bench.claim()
    if (!one || !two || !three) throw new Error('three were due')
    const settlements = [
      bench.answered(one, SUCCESS),
      bench.answered(two, FAIL),
      bench.answered(three, WAITING, { kind: 'throttle', rampRate: 1, rampAt: 1, allowedAt: 1 }),
    ]
    return () => bench.store.settleVerifications(settlements)
  },
  releaseVerifications: async bench => {
    await bench.register()
    await bench.register()
    const claimed = await bench.claim()
    return () => bench.store.releaseVerifications(claimed.map(one => bench.released(one)))
  },
  changeCompletions: async bench => {
    const more = emptyBins()
    more.completions[3] = 1
    more.exposureMs[3] = 1_000
    await bench.store.changeCompletions(bench.account.id, { keep: 1, more })
    return () => bench.store.changeCompletions(bench.account.id, { keep: 0.5, more })
  },
  claimMessages: async bench => {
    await bench.resolve()
    await bench.resolve({ callbackUrl: 'https://other.example/' })
    return () => bench.claimMessagesWith()
  },
  settleMessages: async bench => {
    await bench.resolve()
    await bench.resolve({ callbackUrl: 'https://other.example/' })
    const [one, two] = await bench.claimMessages()
    if (!one || !two) throw new Error('two were due')
    return () => bench.store.settleMessages([bench.received(one, null), bench.received(two, 410)])
  },
  createBulkAct: async bench => () => bench.store.createBulkAct(BULK),
  startBulkAct: async bench => {
    await bench.store.createBulkAct(BULK)
    return () => bench.store.startBulkAct(BULK.id)
  },
  stopBulkAct: async bench => {
    await bench.store.createBulkAct(BULK)
    await bench.store.startBulkAct(BULK.id)
    return () => bench.store.stopBulkAct(BULK.id)
  },
  continueBulkActs: async bench => {
    await exhausted(bench)
    await bench.store.createBulkAct(BULK)
    await bench.store.startBulkAct(BULK.id)
    return () => bench.store.continueBulkActs(10)
  },
  enableCallback: async bench => {
    await bench.resolve()
    await bench.deliver(410)
    await bench.resolve()
    await bench.claimMessages()
    return () => bench.store.enableCallback({ partnerId: bench.partnerId, callbackUrl: HOOK }, 'operator')
  },
  claimCallbackNotices: async bench => {
    await disabled(bench)
    return () => bench.store.claimCallbackNotices(['msg_1'])
  },
  settleCallbackNotices: async bench => {
    await disabled(bench)
    await bench.store.claimCallbackNotices(['msg_1'])
    const { partnerId } = bench
    return () => bench.store.settleCallbackNotices([{ partnerId, callbackUrl: HOOK, id: 'msg_1', end: 'told' }])
  },
  createAdminToken: async bench => {
    const token = { id: 'token_1', name: 'new', role: 'read', hash: Buffer.alloc(32), expiresAt: null } as const
    return () => bench.store.createAdminToken(token)
  },
  revokeAdminToken: async bench => {
    const token = { id: 'token_1', name: 'new', role: 'read', hash: Buffer.alloc(32), expiresAt: null } as const
    await bench.store.createAdminToken(token)
    return () => bench.store.revokeAdminToken('token_1')
  },
  touchAdminTokens: async bench => {
    const token = { id: 'token_1', name: 'new', role: 'read', hash: Buffer.alloc(32), expiresAt: null } as const
    await bench.store.createAdminToken(token)
    return () => bench.store.touchAdminTokens(['token_1'])
  },
  recordAct: async bench => {
    const act = {
      who: 'command',
      name: 'root',
      act: 'key.revoke',
      object: null,
      reason: null,
      outcome: 'done',
    } as const
    await bench.store.recordAct(act)
    return () => bench.store.recordAct(act)
  },
  endAct: async bench => {
    const act = {
      who: 'command',
      name: 'root',
      act: 'key.revoke',
      object: null,
      reason: null,
      outcome: 'begun',
    } as const
    const id = await bench.store.recordAct(act)
    return () => bench.store.endAct(id, 'done')
  },
  takeActsForLog: async bench => {
    const act = {
      who: 'command',
      name: 'root',
      act: 'key.revoke',
      object: null,
      reason: null,
      outcome: 'done',
    } as const
    await bench.store.recordAct(act)
    return () => bench.store.takeActsForLog(10)
  },
  createPartner: async bench => {
    const { partner } = newPartner('new', { newId: bench.newId, random: randomBytes })
    return () => bench.store.createPartner(partner)
  },
  changePartner: async bench => () => bench.store.changePartner(bench.partnerId, { name: 'new', disabled: true }),
  createKey: async bench => () => bench.store.createKey(bench.partnerId, { id: 'key_1', hash: Buffer.alloc(32) }),
  revokeKey: async bench => {
    await bench.store.createKey(bench.partnerId, { id: 'key_1', hash: Buffer.alloc(32) })
    return () => bench.store.revokeKey('key_1')
  },
  touchKeys: async bench => {
    await bench.store.createKey(bench.partnerId, { id: 'key_1', hash: Buffer.alloc(32) })
    return () => bench.store.touchKeys(['key_1'])
  },
  rotateSigningSecret: async bench => () =>
    bench.store.rotateSigningSecret(bench.partnerId, { id: 'secret_1', type: 'v1', text: new Secret('new') }, HOUR),
  endSigningSecret: async bench => {
    const [old] = await bench.store.listSigningSecrets(bench.partnerId)
    await bench.store.rotateSigningSecret(
      bench.partnerId,
      { id: 'secret_1', type: 'v1', text: new Secret('new') },
      HOUR,
    )
    return () => bench.store.endSigningSecret(bench.partnerId, old?.id ?? '')
  },
  putDefaultAccount: async bench => () => bench.store.putDefaultAccount(ACCOUNT),
  createAccount: async bench => () => bench.store.createAccount({ ...ACCOUNT, rate: 3, partnerId: bench.partnerId }),
  pauseAccount: async bench => () => bench.store.pauseAccount(bench.account.id),
  resumeAccount: async bench => {
    await bench.store.pauseAccount(bench.account.id)
    return () => bench.store.resumeAccount(bench.account.id)
  },
  prune: async bench => {
    await bench.resolve()
    await bench.deliver(200)
    await bench.advance(DAY)
    return () => bench.store.prune(bench.store.now(), 10)
  },
  reseal: async bench => () => bench.store.reseal(null, 10),
  holdDeliveries: async bench => () => bench.store.holdDeliveries(),
  resumeDeliveries: async bench => {
    await bench.store.holdDeliveries()
    return () => bench.store.resumeDeliveries()
  },
  recordBackup: async bench => () =>
    bench.store.recordBackup({ outcome: 'good', at: bench.store.now(), path: '/backups/one.db', bytes: 4_096 }),
  addHistory: async bench => () =>
    bench.store.addHistory([{ at: bench.store.now(), sums: { sent: 1 }, maxima: { due: 1 } }]),
  addStart: async bench => () => bench.store.addStart({ at: bench.store.now(), version: '1.0.0' }),
  noteOperatorEvents: async bench => () => bench.store.noteOperatorEvents([exhaustion(bench), exhaustion(bench)]),
  claimOperatorEvents: async bench => {
    await bench.store.noteOperatorEvents([exhaustion(bench)])
    return () => bench.store.claimOperatorEvents({ limit: 10, leaseMs: SECOND, gapMs: SECOND })
  },
  settleOperatorEvents: async bench => {
    await bench.store.noteOperatorEvents([exhaustion(bench)])
    const { events } = await bench.store.claimOperatorEvents({ limit: 10, leaseMs: SECOND, gapMs: 0 })
    const told = events.map(({ id, claim }) => ({ id, claim, outcome: { kind: 'failed', dueAt: 0 } as const }))
    return () => bench.store.settleOperatorEvents(told, null)
  },
  recordOperatorChannel: async bench => () =>
    bench.store.recordOperatorChannel({ since: 1, channel: 'webhook', problem: 'key', error: 'http 404' }),
  probe: async bench => () => bench.store.probe(),
}
const ACCOUNT = { id: 'acc_1', apiId: 'C2', apiKey: new Secret('key'), passwordMode: 'static' } as const

const exhaustion = ({ partnerId, store }: Bench): OperatorNote => ({
  ...{ condition: 'message.exhausted', subject: partnerId, at: store.now(), adds: 1 },
  details: { partnerId, host: 'partner.example' },
})

const exhausted = async (bench: Bench) => {
  await bench.resolve()
  for (let n = 0; n < 4; n++) {
    await bench.deliver(500)
    await bench.advance(2 * HOUR)
  }
}

/** One URL works, and another was disabled. */
const disabled = async (bench: Bench) => {
  await bench.resolve({ callbackUrl: `${HOOK}/works` })
  await bench.deliver(200)
  const { id } = await bench.resolve()
  for (let n = 0; n < 11; n++) {
    await bench.deliver(500)
    await bench.advance(12 * HOUR)
    if (n < 10) await bench.store.resend(bench.partnerId, id)
  }
}

/** What there is to be seen afterwards. */
const stateOf = async ({ store, partnerId, account, claim, claimMessages }: Bench) => {
  const registrations = await store.listRegistrations(partnerId, {
    idcardid: null,
    status: null,
    delivery: null,
    limit: 100,
    before: null,
  })
  return {
    registrations,
    explanations: await Promise.all(registrations.map(({ id }) => store.explain(partnerId, id))),
    attempts: await Promise.all(registrations.map(({ id }) => store.listAttempts(partnerId, id))),
    events: await store.listEvents(partnerId, { after: null, limit: 100 }),
    usage: await store.usageOf(partnerId),
    partners: await store.listPartners({ limit: 100, after: null }),
    keys: await store.listKeys(partnerId),
    secrets: await store.listSigningSecrets(partnerId),
    accounts: await store.listAccounts({ limit: 100, after: null }),
    adminTokens: await store.listAdminTokens({ limit: 100, after: null }),
    bulkActs: await store.listBulkActs({ limit: 100, before: null }),
    acts: await store.listActs({ who: null, act: null, since: null, limit: 100, before: null }),
    completions: await store.completionsOf(account.id),
    history: await store.listHistory({ resolution: 'hour', from: 0, to: Number.MAX_SAFE_INTEGER }),
    claimed: [await claim(), await claim(), await claimMessages()],
    operatorEvents: await store.claimOperatorEvents({ limit: 10, leaseMs: SECOND, gapMs: 0 }),
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
const besideOneThatThrows = async <Result>(bench: Bench, call: () => Promise<Result>): Promise<Result> => {
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
  for (const name of ['verificationsDue', 'messagesDue', 'resendsDue', 'resolved', 'cancelled'] as const)
    bench.store.hints.on(name, (...args: unknown[]) => told.push([name, ...args]))
  const result = await (isReplayed ? besideOneThatThrows(bench, call) : call())
  const hints = [...told]
  await bench.advance(MINUTE + SECOND)
  return comparable({ result, hints, state: await stateOf(bench) })
}

describe('a transaction that is run again because another call in it throws', () => {
  test.each(Object.entries(CASES))('does once what %s does', async (_, prepare) => {
    expect(await run(prepare, { isReplayed: true })).toEqual(await run(prepare, { isReplayed: false }))
  })

  test('tells once of a message that cannot be decrypted', async () => {
    await using folder = await openFolder()
    const path = join(folder.path, 'notifier.db')
    await using bench = await open(path)
    const { id } = await bench.resolve()
    const other = new Database(path)
    other.prepare("UPDATE messages SET body = x'00112233'").run()
    other.close()
    const told: string[] = []
    bench.store.hints.on('unreadable', ({ id: which }) => told.push(which))
    expect(await besideOneThatThrows(bench, () => bench.claimMessages())).toEqual([])
    expect(told).toEqual([id])
  })
})
