import { randomBytes } from 'node:crypto'
import { DAY, HOUR, SECOND } from '../../../src/core/duration.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import { emptyBins } from '../../../src/core/polling/completion-bins.ts'
import { Secret } from '../../../src/core/secret.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registration-search.ts'
import type { NewAct, NewBulkAct, Store } from '../../../src/store/store.ts'
import { FAIL, HOOK, SUCCESS, WAITING } from '../../support/store.ts'
import { type Bench, disabled, exhausted, exhaustion } from './replay-bench.ts'

/** Prepares what a verb needs, and gives the call. */
export type Case = (bench: Bench) => Promise<() => Promise<unknown>>

/** Every verb that writes; `close` aside. */
type Writing = Exclude<
  keyof Store,
  | 'now'
  | 'hints'
  | 'close'
  | 'findRegistration'
  | 'listRegistrations'
  | 'lookUpRegistrations'
  | 'endedAmong'
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
  | 'engineCounts'
  | 'deliveriesHeldAt'
  | 'firingOperatorEvents'
  | 'listCallbacks'
  | 'listAdminTokens'
  | 'findAdminToken'
  | 'listActs'
  | 'searchRegistrations'
  | 'countRegistrations'
  | 'groupFailures'
  | 'partnerOf'
  | 'findBulkAct'
  | 'listBulkActs'
  | 'listNodes'
>

const BULK: NewBulkAct = {
  id: 'bulk_1',
  partnerId: null,
  act: 'resend',
  filter: ALL_REGISTRATIONS,
  reason: 'why',
  who: 'token_1',
  name: 'Zoë',
  probe: false,
  counted: { count: 1, isCapped: false },
  createdAt: Date.parse('2026-11-25T08:00:00Z'),
}

const TOKEN = { id: 'token_1', name: 'new', role: 'read', hash: Buffer.alloc(32), expiresAt: null } as const
const ACT: NewAct = {
  who: 'command',
  name: 'root',
  act: 'key.revoke',
  object: null,
  reason: null,
  changes: null,
  outcome: 'done',
}
const NODE = { id: 'node_1', name: 'a:1', version: '1', settings: 's', clockAheadMs: null, roles: ['api'] } as const
const ACCOUNT = { id: 'acc_1', apiId: 'C2', apiKey: new Secret('key'), passwordMode: 'static' } as const

/** For each verb that writes, a state in which it has much to do. */
export const CASES: Record<Writing, Case> = {
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
  disableCallback: async bench => () => bench.store.disableCallback({ partnerId: bench.partnerId, callbackUrl: HOOK }),
  claimCallbackNotices: async bench => {
    await disabled(bench)
    return () => bench.store.claimCallbackNotices(1)
  },
  endCallbackNotice: async bench => {
    await disabled(bench)
    await bench.store.claimCallbackNotices(1)
    return () => bench.store.endCallbackNotice({ partnerId: bench.partnerId, callbackUrl: HOOK })
  },
  createAdminToken: async bench => () => bench.store.createAdminToken(TOKEN),
  revokeAdminToken: async bench => {
    await bench.store.createAdminToken(TOKEN)
    return () => bench.store.revokeAdminToken('token_1')
  },
  touchAdminTokens: async bench => {
    await bench.store.createAdminToken(TOKEN)
    return () => bench.store.touchAdminTokens(['token_1'])
  },
  recordAct: async bench => {
    await bench.store.recordAct(ACT)
    return () => bench.store.recordAct(ACT)
  },
  endAct: async bench => {
    const begun = await bench.store.recordAct({ ...ACT, outcome: 'begun' })
    return () => bench.store.endAct(begun, 'done')
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
  removeAccount: async bench => () => bench.store.removeAccount(bench.account.id),
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
  noteOperatorEvents: async bench => () => bench.store.noteOperatorEvents([exhaustion(bench), exhaustion(bench)]),
  claimOperatorEvents: async bench => {
    await bench.store.noteOperatorEvents([exhaustion(bench)])
    return () => bench.store.claimOperatorEvents({ limit: 10, leaseMs: SECOND, gapMs: SECOND })
  },
  settleOperatorEvents: async bench => {
    await bench.store.noteOperatorEvents([exhaustion(bench)])
    const events = await bench.store.claimOperatorEvents({ limit: 10, leaseMs: SECOND, gapMs: 0 })
    return () => bench.store.settleOperatorEvents({ events, outcome: 'untold', claimableAt: 0 })
  },
  recordOperatorChannel: async bench => () =>
    bench.store.recordOperatorChannel({ since: 1, channel: 'webhook', problem: 'key', error: 'http 404' }),
  beatNode: async bench => {
    await bench.store.beatNode(NODE)
    return () => bench.store.beatNode(NODE)
  },
  removeNode: async bench => {
    await bench.store.beatNode(NODE)
    return () => bench.store.removeNode(NODE.id)
  },
  probe: async bench => () => bench.store.probe(),
}
