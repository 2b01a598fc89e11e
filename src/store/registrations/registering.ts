import { outcomeOfVerdict } from '../../core/registration.ts'
import { afterCallbackChanges, releaseUrls } from '../callbacks/rows.ts'
import type { StoreContext } from '../context.ts'
import { findLaneIds, laneKey, makeLanes } from '../messages/lanes.ts'
import { loadQuotas, type QuotaFacts } from '../partners/quotas.ts'
import type { Store } from '../store.ts'
import type { NewRow, Tx } from '../tx.ts'
import { type NewRegistration, type Registered, register } from './register.ts'
import { NEW_REGISTRATION } from './registration.ts'
import { type Ending, endRegistrations } from './resolutions.ts'
import { loadSerials, type Serial, type SerialOf, saveSerials, viewLive } from './serials.ts'

export const createRegistering = (context: StoreContext) =>
  ({
    register: async items => {
      const { registered, isReleased, changedUrls } = await context.write(async tx => {
        const quotas = await loadQuotas(tx, [...new Set(items.map(({ partnerId }) => partnerId))])
        const { serials, serialOf } = await loadSerials(tx, items, context)
        const laneIds = await findLaneIds(tx, items)
        const lanes = new Set(laneIds.keys())
        const created: Created[] = []
        const registered = items.map(item => registerOne(item, tx.at, { serialOf, quotas, lanes, created }))

        await saveSerials(tx, serials)
        const endings = await saveCreated(tx, created, { ...context, laneIds })
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
  n: number
  expiresAt: number
  /** Its verdict is known already. */
  ending: Omit<Ending, 'registration'> | null
}

/** What the items are registered with, as it is after those that were registered so far. */
interface Registering {
  serialOf: SerialOf
  quotas: QuotaFacts
  /** The lanes that there are, or will be, by `laneKey`. */
  lanes: Set<string>
  created: Created[]
}

const registerOne = (
  item: NewRegistration,
  at: number,
  { serialOf, quotas, lanes, created }: Registering,
): Registered => {
  const { partnerId, callbackUrl } = item
  const serial = serialOf(item)
  const { verification, registrations, key } = serial
  const hasLane = lanes.has(laneKey(item))
  const hasLive = serial.live.has(callbackUrl)
  const facts = { verification, registrations, ownerOfSerialKey: key.owner, hasLive, hasLane }
  const plan = register(item, { ...facts, quotas: quotas.of(partnerId) }, at)
  if (plan.outcome === 'existing') return { outcome: 'existing', registration: viewLive(serial, callbackUrl) }
  if (plan.outcome !== 'created') return plan

  const { expiresAt, ask, ending } = plan
  const { live, made } = registrations
  created.push({ item, serial, n: made, expiresAt, ending })
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
  lanes.add(laneKey(item))
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
  const made = await makeLanes(
    tx,
    created.map(({ item }) => item).filter(item => !laneIds.has(laneKey(item))),
  )
  const rows = created.map(({ item, serial, n, expiresAt, ending }) => {
    const { id, partnerId, callbackUrl, traceparent, metadata } = item
    const laneId = laneIds.get(laneKey(item)) ?? (made.get(laneKey(item)) as number)
    const verificationId = serial.id as number
    const row = { verificationId, n, id, partnerId, callbackUrl, laneId, traceparent, createdAt: tx.at }
    const stored: ToBeStored = { ...row, metadata: sealed.metadata.seal(row, metadata), status: 'pending', expiresAt }
    return { stored, ending: ending && { ...ending, registration: { ...row, metadata } } }
  })
  await tx.insert(
    'registrations',
    rows.map(({ stored }) => stored),
  )
  return rows.flatMap(({ ending }) => ending ?? [])
}
