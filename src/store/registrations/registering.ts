import { outcomeOfVerdict } from '../../core/registration.ts'
import { releaseUrls } from '../callbacks/urls.ts'
import type { StoreContext } from '../context.ts'
import { afterCallbackChanges, afterRegistering } from '../hints.ts'
import { findLaneIds, laneKey, makeLanes } from '../messages/lanes.ts'
import { loadQuotas, type QuotaFacts } from '../partners/quotas.ts'
import { register } from '../rules/register.ts'
import type { Ending } from '../rules/settle-verification.ts'
import type { NewRegistration, Registered, Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import { endRegistrations } from './resolutions.ts'
import { loadSerials, type SerialUnitOfWork } from './serials.ts'

export const createRegistering = (context: StoreContext): Pick<Store, 'register'> => ({
  register: async items => {
    const { registered, isReleased, changedUrls } = await context.write(async tx => {
      const unit = await loadUnitOfWork(tx, items, context)
      const registered = items.map(item => registerOne(item, tx.at, unit))
      const endings = await save(tx, unit, context)
      // Their partners name these URLs again, so they are there again: what was held goes on.
      const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
      const released = await releaseUrls(tx, named, 'registration')
      await endRegistrations(tx, endings, context)
      return { registered, ...released }
    })
    context.tell([...afterRegistering(registered, isReleased), ...afterCallbackChanges(changedUrls)])
    return registered
  },
})

/** A registration that is to be written. */
interface Created {
  item: NewRegistration
  n: number
  expiresAt: number
  /** Its verdict is known already. */
  ending: Omit<Ending, 'registration'> | null
}

/** All that the items are registered with, read once and written once. */
interface UnitOfWork {
  serials: SerialUnitOfWork
  quotas: QuotaFacts
  /** The lane of a URL, by `laneKey`; null: it is still to be made. Undefined: nobody has it. */
  laneIds: Map<string, number | null>
  created: Created[]
}

const loadUnitOfWork = async (
  tx: Tx,
  items: readonly NewRegistration[],
  context: Pick<StoreContext, 'sealed' | 'openOr'>,
): Promise<UnitOfWork> => {
  const quotas = await loadQuotas(tx, [...new Set(items.map(({ partnerId }) => partnerId))])
  const serials = await loadSerials(tx, items, context)
  return { serials, quotas, laneIds: await findLaneIds(tx, items), created: [] }
}

/** Stands for a lane that is still to be made: it is somebody's already. */
const NEW_LANE_ID = -1

const registerOne = (
  item: NewRegistration,
  at: number,
  { serials, quotas, laneIds, created }: UnitOfWork,
): Registered => {
  const hasLane = laneIds.has(laneKey(item))
  const facts = {
    ...serials.facts(item),
    laneId: hasLane ? (laneIds.get(laneKey(item)) ?? NEW_LANE_ID) : null,
    quotas: quotas.of(item.partnerId),
  }
  const plan = register(item, facts, at)
  if (plan.outcome === 'existing') return { outcome: 'existing', registration: serials.view(item) }
  if (plan.outcome !== 'created') return plan

  const { expiresAt, ask, ending } = plan
  const n = serials.add(item, { ...rowOf(item, at, ending), expiresAt }, ask)
  quotas.add(item.partnerId, { pending: ending ? 0 : 1, hosts: hasLane ? 0 : 1 })
  if (!hasLane) laneIds.set(laneKey(item), null)
  created.push({ item, n, expiresAt, ending })
  return { outcome: 'created', registration: serials.view(item) }
}

const rowOf = (item: NewRegistration, at: number, ending: Created['ending']) => ({
  ...item,
  createdAt: at,
  reason: ending?.reason ?? null,
  status: ending ? outcomeOfVerdict(ending.verdict).status : ('pending' as const),
  resolvedAt: ending ? at : null,
  message: ending ? { state: 'pending' as const, attempts: 0, dueAt: at, claimedAt: null } : null,
})

/** What ends at once. */
const save = async (
  tx: Tx,
  { serials, laneIds, created }: UnitOfWork,
  { sealed }: Pick<StoreContext, 'sealed'>,
): Promise<Ending[]> => {
  await serials.save()
  const made = await makeLanes(
    tx,
    created.map(({ item }) => item).filter(item => laneIds.get(laneKey(item)) === null),
  )
  const rows = created.map(({ item: { id, partnerId, callbackUrl, traceparent, ...item }, n, expiresAt, ending }) => {
    const lane = laneKey({ partnerId, callbackUrl })
    const laneId = laneIds.get(lane) ?? (made.get(lane) as number)
    const verificationId = serials.idOf(item)
    const row = { verificationId, n, id, partnerId, callbackUrl, laneId, traceparent, createdAt: tx.at }
    const metadata = sealed.metadata.seal(row, item.metadata)
    return {
      row: { ...row, metadata, status: 'pending' as const, expiresAt },
      ending: ending && { ...ending, registration: { ...row, metadata: item.metadata } },
    }
  })
  await tx.insert(
    'registrations',
    rows.map(({ row }) => row),
  )
  return rows.flatMap(({ ending }) => ending ?? [])
}
