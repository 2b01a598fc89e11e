import type { Verdict } from '../../core/answer.ts'
import { outcomeOfVerdict } from '../../core/registration.ts'
import { afterCallbackChanges, releaseUrls } from '../callbacks/rows.ts'
import type { StoreContext } from '../context.ts'
import { findLaneIds, laneKey, makeLanes } from '../messages/lanes.ts'
import { loadQuotas, type QuotaFacts, type Quotas, type Usage } from '../partners/quotas.ts'
import type { Store } from '../store.ts'
import type { NewRow, Tx } from '../tx.ts'
import { isOfBatch, NEW_IN_BATCH, NUDGED, queueOfNew } from '../verifications/poll-queues.ts'
import { NEW_REGISTRATION, type Registration } from './registration.ts'
import { type Ending, endRegistrations } from './resolutions.ts'
import { loadSerials, type Serial, saveSerials, viewLive } from './serials.ts'

export interface NewRegistration {
  id: string
  partnerId: string
  accountId: string
  idcardid: string
  /** Normalised and judged. */
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  /** Null: `ttlMs` from now. */
  expiresAt: number | null
  ttlMs: number
  /** It came with others, which as a whole are less urgent than what comes by itself. */
  isBatch: boolean
  /** The trace that its request belongs to (`readTraceparent`); null: none. */
  traceparent: string | null
}

export type Registered =
  | { outcome: 'created' | 'existing'; registration: Registration }
  /** The serial belongs to another partner. */
  | { outcome: 'taken' }
  /** The serial has that many registrations already. */
  | { outcome: 'too_many'; limit: number }
  /** The partner has used up what it may have. */
  | { outcome: 'over_quota'; quota: keyof Quotas; limit: number }
  /** The verdict of the serial is there and cannot be decrypted. */
  | { outcome: 'unreadable' }

/** A serial that somebody has registered already. */
export interface KnownVerification {
  partnerId: string
  queue: number
  dueAt: number | null
  claimedAt: number | null
  verdict: Verdict | 'unreadable' | null
  observedAt: number | null
  previousPollAt: number | null
}

/** Live registrations of one serial: those that have not ended without a verdict. */
const MOST_LIVE = 100
/** Registrations of one serial that are not erased yet, whatever became of them: whoever looks for a pair goes through all. */
const MOST_OF_A_SERIAL = 1_000

export interface RegisterFacts {
  verification: KnownVerification | null
  /** The partner that has a serial of the account with the same key (`serialKey`); null: nobody has. */
  ownerOfSerialKey: string | null
  /** How many the serial has: live, and all that were ever made. */
  registrations: { live: number; made: number }
  /** The serial is registered for this URL already, and has not ended without a verdict. */
  hasLive: boolean
  /** The partner has a lane for the URL's host already. */
  hasLane: boolean
  /** Null: the partner has no quotas. */
  quotas: { limits: Quotas; usage: Usage } | null
}

type RegisterPlan =
  | { outcome: 'existing' }
  | Exclude<Registered, { registration: Registration }>
  | {
      outcome: 'created'
      expiresAt: number
      /** When to ask next, and in which queue; null: never, since the verdict is known. */
      ask: Nudge | null
      /** What to tell at once. */
      ending: Omit<Ending, 'registration'> | null
    }

/** Columns of a verification. */
export interface Nudge {
  nudgedAt: number
  queue: number
  dueAt: number
}

/** Decides what becomes of one item; of several for the same serial, each sees what the one before has written. */
export const register = (item: NewRegistration, facts: RegisterFacts, at: number): RegisterPlan => {
  const { verification } = facts
  if (isTaken(item, facts)) return { outcome: 'taken' }
  if (facts.hasLive) return { outcome: 'existing' }
  // Neither can its verdict be told nor may it be asked again: the first verdict is final.
  if (verification?.verdict === 'unreadable') return { outcome: 'unreadable' }
  const { live, made } = facts.registrations
  if (live >= MOST_LIVE) return { outcome: 'too_many', limit: MOST_LIVE }
  if (made >= MOST_OF_A_SERIAL) return { outcome: 'too_many', limit: MOST_OF_A_SERIAL }
  const over = facts.quotas && overQuota(facts.quotas, !facts.hasLane)
  if (over) return { outcome: 'over_quota', ...over }

  const created = { outcome: 'created', expiresAt: item.expiresAt ?? at + item.ttlMs } as const
  if (!verification?.verdict) return { ...created, ask: askFor(verification, item, at), ending: null }
  const { verdict, observedAt, previousPollAt } = verification
  return {
    ...created,
    ask: null,
    ending: {
      accountId: item.accountId,
      idcardid: item.idcardid,
      verdict,
      reason: null,
      rawStatus: verdict.status,
      observedAt: observedAt ?? at,
      previousPollAt,
    },
  }
}

/** A serial with nobody waiting is treated as new. */
const askFor = (verification: KnownVerification | null, { isBatch }: NewRegistration, at: number): Nudge => {
  if (!verification || verification.dueAt === null) return { nudgedAt: at, queue: queueOfNew(isBatch), dueAt: at }
  const asked = nudge(verification, at)
  // A batch may bring forward what came in one; what came by itself is before it already.
  return isBatch ? { ...asked, queue: isOfBatch(verification.queue) ? NEW_IN_BATCH : verification.queue } : asked
}

/** A serial, with all that have its key, belongs to whoever registered the first of them. */
const isTaken = ({ partnerId }: NewRegistration, { verification, ownerOfSerialKey }: RegisterFacts): boolean => {
  const owner = verification?.partnerId ?? ownerOfSerialKey
  return owner !== null && owner !== partnerId
}

/**
 * Somebody is back. During a call the lease stays: whoever settles it sees that a nudge came in between. A nudge never makes
 * a poll later, but for the nudges before it.
 */
export const nudge = ({ dueAt, claimedAt }: Pick<KnownVerification, 'dueAt' | 'claimedAt'>, at: number): Nudge => {
  const isInCall = dueAt !== null && claimedAt !== null && dueAt > at
  return { nudgedAt: at, queue: NUDGED, dueAt: isInCall ? dueAt : Math.min(dueAt ?? at, at) }
}

/** The quota that one more registration would break. */
const overQuota = (
  { limits, usage }: { limits: Quotas; usage: Usage },
  isNewHost: boolean,
): { quota: keyof Quotas; limit: number } | null => {
  for (const quota of ['pending', 'daily', 'hosts'] as const) {
    const limit = limits[quota]
    if (quota === 'hosts' && !isNewHost) continue
    if (limit !== null && usage[quota] >= limit) return { quota, limit }
  }
  return null
}

export const createRegistering = (context: StoreContext) =>
  ({
    register: async items => {
      const { registered, isReleased, changedUrls } = await context.write(async tx => {
        const quotas = await loadQuotas(tx, [...new Set(items.map(({ partnerId }) => partnerId))])
        const serials = await loadSerials(tx, items, context)
        const laneIds = await findLaneIds(tx, items)
        const facts = { at: tx.at, quotas, lanes: new Set(laneIds.keys()), created: [] }
        const registered = items.map((item, i) => registerOne(item, serials[i] as Serial, facts))

        await saveSerials(tx, serials)
        const endings = await saveCreated(tx, facts.created, { ...context, laneIds })
        // Their partners name these URLs again, so they are there again: what was held goes on.
        const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
        const released = await releaseUrls(tx, named, 'registration')
        await endRegistrations(tx, endings, context)
        return { registered, ...released }
      })
      const statuses = registered.flatMap(one => (one.outcome === 'created' ? one.registration.status : []))
      if (statuses.includes('pending')) context.tell([['verificationsDue']])
      if (isReleased || statuses.some(status => status !== 'pending')) context.tell([['messagesDue']])
      context.tell(afterCallbackChanges(changedUrls))
      return registered
    },
  }) satisfies Partial<Store>

/** A registration that is to be written. */
interface Created {
  item: NewRegistration
  serial: Serial
  /** `laneKey` */
  lane: string
  n: number
  expiresAt: number
  /** Its verdict is known already. */
  ending: Omit<Ending, 'registration'> | null
}

/** What the items are registered with, as it is after those that were registered so far. */
interface Registering {
  at: number
  quotas: QuotaFacts
  /** The lanes that there are, or will be, by `laneKey`. */
  lanes: Set<string>
  created: Created[]
}

const registerOne = (
  item: NewRegistration,
  serial: Serial,
  { at, quotas, lanes, created }: Registering,
): Registered => {
  const { partnerId, callbackUrl } = item
  const { verification, registrations, key } = serial
  const lane = laneKey(item)
  const hasLane = lanes.has(lane)
  const ofSerial = { verification, registrations, ownerOfSerialKey: key.owner, hasLive: serial.live.has(callbackUrl) }
  const plan = register(item, { ...ofSerial, hasLane, quotas: quotas.of(partnerId) }, at)
  if (plan.outcome === 'existing') return { outcome: 'existing', registration: viewLive(serial, callbackUrl) }
  if (plan.outcome !== 'created') return plan

  const { expiresAt, ask, ending } = plan
  const { live, made } = registrations
  created.push({ item, serial, lane, n: made, expiresAt, ending })
  serial.registrations = { live: live + 1, made: made + 1 }
  key.owner = partnerId
  if (ask) {
    serial.ask = ask
    serial.verification = { ...NEW_VERIFICATION, partnerId, ...verification, queue: ask.queue, dueAt: ask.dueAt }
  }
  const { polls, lastPolledAt } = serial.verification ?? NEW_VERIFICATION
  serial.live.set(callbackUrl, {
    ...item,
    ...NEW_REGISTRATION,
    createdAt: at,
    expiresAt,
    polls,
    lastPolledAt,
    ...(ending && {
      status: outcomeOfVerdict(ending.verdict).status,
      resolvedAt: at,
      messageState: 'pending' as const,
      attempts: 0,
      sendDueAt: at,
    }),
  })
  quotas.add(partnerId, { pending: ending ? 0 : 1, hosts: hasLane ? 0 : 1 })
  lanes.add(lane)
  return { outcome: 'created', registration: viewLive(serial, callbackUrl) }
}

const NEW_VERIFICATION = {
  claimedAt: null,
  verdict: null,
  observedAt: null,
  previousPollAt: null,
  polls: 0,
  lastPolledAt: null,
}

/** Each column, so that none is answered that is not stored; those that its end writes are null. */
type ToBeStored = Omit<Required<NewRow<'registrations'>>, 'reason' | 'resolvedAt' | 'messageSeq'>

/** What ends at once. */
const saveCreated = async (
  tx: Tx,
  created: readonly Created[],
  { sealed, laneIds }: Pick<StoreContext, 'sealed'> & { laneIds: ReadonlyMap<string, number> },
): Promise<Ending[]> => {
  const toNewLanes = created.flatMap(({ item, lane }) => (laneIds.has(lane) ? [] : item))
  const made = await makeLanes(tx, toNewLanes)
  const endings: Ending[] = []
  const rows = created.map(({ item, serial, lane, n, expiresAt, ending }): ToBeStored => {
    const { id, partnerId, callbackUrl, traceparent, metadata } = item
    const laneId = laneIds.get(lane) ?? (made.get(lane) as number)
    const verificationId = serial.id as number
    const row = { verificationId, n, id, partnerId, callbackUrl, laneId, traceparent, createdAt: tx.at }
    if (ending) endings.push({ ...ending, registration: { ...row, metadata } })
    return { ...row, metadata: sealed.metadata.seal(row, metadata), status: 'pending', expiresAt }
  })
  await tx.insert('registrations', rows)
  return endings
}
