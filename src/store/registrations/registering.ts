import type { Verdict } from '../../core/answer.ts'
import { outcomeOfVerdict } from '../../core/registration.ts'
import { afterCallbackChanges, releaseUrls } from '../callbacks/rows.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import { findLaneIds, laneKey, makeLanes } from '../messages/lanes.ts'
import { loadQuotas, type QuotaFacts, type Quotas, type Usage } from '../partners/quotas.ts'
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
  /** Part of a batch. A batch is less urgent than a single registration. */
  isBatch: boolean
  /** Trace of its request (`readTraceparent`); null: none. */
  traceparent: string | null
}

export type Registered =
  | { outcome: 'created' | 'existing'; registration: Registration }
  /** The serial belongs to another partner. */
  | { outcome: 'taken' }
  /** The serial has `limit` registrations already. */
  | { outcome: 'too_many'; limit: number }
  /** The partner's quota is used up. */
  | { outcome: 'over_quota'; quota: keyof Quotas; limit: number }
  /** The serial has a verdict that cannot be decrypted. */
  | { outcome: 'unreadable' }

/** A serial that was registered before. */
export interface KnownVerification {
  partnerId: string
  queue: number
  dueAt: number | null
  claimedAt: number | null
  verdict: Verdict | 'unreadable' | null
  observedAt: number | null
  previousPollAt: number | null
}

/** Maximum number of live registrations (`LIVE_STATUSES`) of a serial. */
const MAX_LIVE = 100
/**
 * Maximum number of registrations made of a serial: finding a pair scans all rows of the serial.
 * Erased ones count as long as a newer one is stored.
 */
const MAX_PER_SERIAL = 1_000

export interface RegisterFacts {
  verification: KnownVerification | null
  /** Partner that owns all serials of the account with this `serialKey`; null: none. */
  ownerOfSerialKey: string | null
  /** Registrations of the serial: live ones, and all that were made. */
  registrations: { live: number; made: number }
  /** The serial has a live registration for this URL. */
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
      /** Next poll and its queue; null: none, since the verdict is known. */
      poll: Nudge | null
      /** Outcome to send at once; null: the registration waits. */
      ending: Omit<Ending, 'registration'> | null
    }

/** Columns of a verification. */
export interface Nudge {
  nudgedAt: number
  queue: number
  dueAt: number
}

/** Decides how one item is registered. Of several items of one serial, each sees the changes of the earlier ones. */
export const register = (item: NewRegistration, facts: RegisterFacts, at: number): RegisterPlan => {
  const { verification } = facts
  if (isTaken(item, facts)) return { outcome: 'taken' }
  if (facts.hasLive) return { outcome: 'existing' }
  // An unreadable verdict cannot be sent, nor is the serial polled again: the first verdict is final.
  if (verification?.verdict === 'unreadable') return { outcome: 'unreadable' }
  const { live, made } = facts.registrations
  if (live >= MAX_LIVE) return { outcome: 'too_many', limit: MAX_LIVE }
  if (made >= MAX_PER_SERIAL) return { outcome: 'too_many', limit: MAX_PER_SERIAL }
  const over = facts.quotas && overQuota(facts.quotas, !facts.hasLane)
  if (over) return { outcome: 'over_quota', ...over }

  const created = { outcome: 'created', expiresAt: item.expiresAt ?? at + item.ttlMs } as const
  if (!verification?.verdict) return { ...created, poll: pollFor(verification, item, at), ending: null }
  const { verdict, observedAt, previousPollAt } = verification
  return {
    ...created,
    poll: null,
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

/** A serial that no registration waits for is treated as new. */
const pollFor = (verification: KnownVerification | null, { isBatch }: NewRegistration, at: number): Nudge => {
  if (!verification || verification.dueAt === null) return { nudgedAt: at, queue: queueOfNew(isBatch), dueAt: at }
  const poll = nudge(verification, at)
  // A batch brings forward only serials of batches; all others are ahead of its queue already.
  return isBatch ? { ...poll, queue: isOfBatch(verification.queue) ? NEW_IN_BATCH : verification.queue } : poll
}

/** A serial belongs to the partner that registered it first, and can wait only while no other owns its key. */
const isTaken = ({ partnerId }: NewRegistration, { verification, ownerOfSerialKey }: RegisterFacts): boolean =>
  [verification?.partnerId ?? null, ownerOfSerialKey].some(owner => owner !== null && owner !== partnerId)

/**
 * The user is back: the poll is due now, in the first queue. During a poll the lease stays, and its settlement sees the
 * nudge. A nudge never makes a poll later, except behind earlier nudges.
 */
export const nudge = ({ dueAt, claimedAt }: Pick<KnownVerification, 'dueAt' | 'claimedAt'>, at: number): Nudge => {
  const isInCall = dueAt !== null && claimedAt !== null && dueAt > at
  return { nudgedAt: at, queue: NUDGED, dueAt: isInCall ? dueAt : Math.min(dueAt ?? at, at) }
}

/** Returns the quota that one more registration would exceed, or null. */
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

export const registeringVerbs = {
  calls: context => ({
    /** Returns one result per item, in order. If its verdict is known, it is resolved and its message is due at once. */
    register: async (items: readonly NewRegistration[]): Promise<Registered[]> => {
      const { registered, isReleased, changedUrls } = await context.write(async tx => {
        const quotas = await loadQuotas(tx, [...new Set(items.map(({ partnerId }) => partnerId))])
        const serials = await loadSerials(tx, items, context)
        const laneIds = await findLaneIds(tx, items)
        const facts = { at: tx.at, quotas, lanes: new Set(laneIds.keys()), created: [] }
        const registered = items.map((item, i) => registerOne(item, serials[i] as Serial, facts))

        await saveSerials(tx, serials)
        const endings = await saveCreated(tx, facts.created, { ...context, laneIds })
        // Registering a URL again ends its hold, unless an operator holds it.
        const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
        const released = await releaseUrls(tx, named, 'registration')
        await endRegistrations(tx, endings, context)
        return { registered, ...released }
      })
      const statuses = registered.flatMap(one => (one.outcome === 'created' ? one.registration.status : []))
      if (statuses.includes('pending')) context.emitHints([['verificationsDue']])
      if (isReleased || statuses.some(status => status !== 'pending')) context.emitHints([['messagesDue']])
      context.emitHints(afterCallbackChanges(changedUrls))
      return registered
    },
  }),
} satisfies VerbModule

/** A registration to be written. */
interface Created {
  item: NewRegistration
  serial: Serial
  /** `laneKey` */
  lane: string
  n: number
  expiresAt: number
  /** Null: the verdict is not known yet. */
  ending: Omit<Ending, 'registration'> | null
}

/** State that an item is registered against. It includes the items registered so far. */
interface Registering {
  at: number
  quotas: QuotaFacts
  /** Existing lanes and lanes to be made, by `laneKey`. */
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

  const { expiresAt, poll, ending } = plan
  const { live, made } = registrations
  created.push({ item, serial, lane, n: made, expiresAt, ending })
  serial.registrations = { live: live + 1, made: made + 1 }
  key.owner = partnerId
  if (poll) {
    serial.poll = poll
    serial.verification = { ...NEW_VERIFICATION, partnerId, ...verification, queue: poll.queue, dueAt: poll.dueAt }
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

/** Every column but the ones written at the end: a response must not show a value that is not stored. */
type ToBeStored = Omit<Required<NewRow<'registrations'>>, 'reason' | 'resolvedAt' | 'messageSeq'>

/** Inserts the registrations. Returns the endings of the ones with a known verdict. */
const saveCreated = async (
  tx: Tx,
  created: readonly Created[],
  { sealed, laneIds }: Pick<StoreContext, 'sealed'> & { laneIds: ReadonlyMap<string, number> },
): Promise<Ending[]> => {
  const toNewLanes = created.flatMap(({ item, lane }) => (laneIds.has(lane) ? [] : item))
  const newLaneIds = await makeLanes(tx, toNewLanes)
  const endings: Ending[] = []
  const rows = created.map(({ item, serial, lane, n, expiresAt, ending }): ToBeStored => {
    const { id, partnerId, callbackUrl, traceparent, metadata } = item
    const laneId = laneIds.get(lane) ?? (newLaneIds.get(lane) as number)
    const verificationId = serial.id as number
    const row = { verificationId, n, id, partnerId, callbackUrl, laneId, traceparent, createdAt: tx.at }
    if (ending) endings.push({ ...ending, registration: { ...row, metadata } })
    return { ...row, metadata: sealed.metadata.seal(row, metadata), status: 'pending', expiresAt }
  })
  await tx.insert('registrations', rows)
  return endings
}
