import { outcomeOfVerdict } from '../../core/registration.ts'
import { releaseUrls } from '../callbacks/urls.ts'
import type { ChangedCallback } from '../callbacks.ts'
import { afterCallbackChanges, afterCancelling, afterRegistering } from '../hints.ts'
import { hostOf } from '../lanes.ts'
import { createLanes } from '../messages/lanes.ts'
import { loadQuotas, type QuotaFacts } from '../partners/quotas.ts'
import { endRegistrations } from '../registrations/resolutions.ts'
import { loadSerials, type SerialUnitOfWork } from '../registrations/serials.ts'
import { register } from '../rules/register.ts'
import type { Ending } from '../rules/settle-verification.ts'
import type { NewRegistration, Registered, Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { createRegistrationActs } from './registration-acts.ts'

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
  /** The lane of a URL; null: it is still to be made. Undefined: nobody has it. */
  laneIds: Map<string, number | null>
}

export const createRegistrations = (context: Context) => {
  const { write, read, sealed, tell } = context
  const acts = createRegistrationActs(context)
  const lanesOf = createLanes()

  const loadUnitOfWork = async (tx: Tx, items: readonly NewRegistration[]): Promise<UnitOfWork> => {
    const quotas = await loadQuotas(tx, [...new Set(items.map(({ partnerId }) => partnerId))])
    const serials = await loadSerials(tx, items, context)
    const laneOf = await lanesOf.findIds(tx, items)
    const laneIds = new Map(
      items.flatMap((item): [string, number][] => {
        const id = laneOf(item)
        return id === null ? [] : [[laneNameOf(item), id]]
      }),
    )
    return { serials, quotas, laneIds }
  }

  const registerOne = (item: NewRegistration, at: number, unit: UnitOfWork, created: Created[]): Registered => {
    const { serials, quotas, laneIds } = unit
    const hasLane = laneIds.has(laneNameOf(item))
    const facts = {
      ...serials.facts(item),
      laneId: hasLane ? (laneIds.get(laneNameOf(item)) ?? NEW_LANE_ID) : null,
      quotas: quotas.of(item.partnerId),
    }
    const plan = register(item, facts, at)
    if (plan.outcome === 'existing') return { outcome: 'existing', registration: serials.view(item) }
    if (plan.outcome !== 'created') return plan

    const { expiresAt, ask, ending } = plan
    const n = serials.add(item, { ...rowOf(item, at, ending), expiresAt }, ask)
    quotas.add(item.partnerId, { pending: ending ? 0 : 1, hosts: hasLane ? 0 : 1 })
    if (!hasLane) laneIds.set(laneNameOf(item), null)
    created.push({ item, n, expiresAt, ending })
    return { outcome: 'created', registration: serials.view(item) }
  }

  const save = async (
    tx: Tx,
    created: readonly Created[],
    named: readonly NewRegistration[],
    { serials, laneIds }: UnitOfWork,
  ): Promise<{ isReleased: boolean; changedUrls: readonly ChangedCallback[] }> => {
    await serials.save()
    const made = await lanesOf.makeIds(
      tx,
      created.map(({ item }) => item).filter(item => laneIds.get(laneNameOf(item)) === null),
    )
    const rows = created.map(({ item, n, expiresAt, ending }) => ({
      row: {
        ...item,
        verificationId: serials.idOf(item),
        n,
        laneId: laneIds.get(laneNameOf(item)) ?? (made(item) as number),
        createdAt: tx.at,
        expiresAt,
      },
      ending,
    }))
    await tx.insert(
      'registrations',
      rows.map(({ row }) => {
        const { verificationId, n, id, partnerId, callbackUrl, laneId, createdAt, expiresAt, traceparent } = row
        const columns = { verificationId, n, id, partnerId, callbackUrl, laneId, createdAt, expiresAt, traceparent }
        return { ...columns, metadata: sealed.metadata.seal(row, row.metadata), status: 'pending' as const }
      }),
    )
    const endings = rows.flatMap(({ row, ending }) => (ending ? [{ ...ending, registration: row }] : []))
    // Their partners name these URLs again, so they are there again: what was held goes on.
    const released = await releaseUrls(tx, named, 'registration')
    await endRegistrations(tx, endings, context)
    return released
  }

  const registerAll = async (tx: Tx, items: readonly NewRegistration[]) => {
    const unit = await loadUnitOfWork(tx, items)
    const created: Created[] = []
    const registered = items.map(item => registerOne(item, tx.at, unit, created))
    const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
    return { registered, ...(await save(tx, created, named, unit)) }
  }

  return {
    register: async items => {
      const { registered, isReleased, changedUrls } = await write(tx => registerAll(tx, items))
      tell([...afterRegistering(registered, isReleased), ...afterCallbackChanges(changedUrls)])
      return registered
    },

    findRegistration: (partnerId, id) => read(async tx => first(await acts.findAll(tx, [{ partnerId, id }]))),

    cancel: async (partnerId, id) => {
      const cancelled = await write(async tx => first(await acts.cancel(tx, [{ partnerId, id }])))
      if (cancelled) tell(afterCancelling(partnerId, id))
      return cancelled
    },

    nudge: async (partnerId, id) => {
      const nudged = await write(async tx => first(await acts.nudge(tx, [{ partnerId, id }])))
      if (nudged) tell([['verificationsDue']])
      return nudged
    },

    resend: async (partnerId, id) => {
      const { outcomes, changedUrls } = await write(tx => acts.resend(tx, [{ partnerId, id }]))
      const outcome = first(outcomes)
      if (outcome === 'resent') tell([['messagesDue'], ...afterCallbackChanges(changedUrls)])
      return outcome
    },
  } satisfies Partial<Store>
}

/** Stands for a lane that is still to be made: it is somebody's already. */
const NEW_LANE_ID = -1

const laneNameOf = ({ partnerId, callbackUrl }: NewRegistration): string => `${partnerId} ${hostOf(callbackUrl)}`

const rowOf = (item: NewRegistration, at: number, ending: Created['ending']) => ({
  ...item,
  createdAt: at,
  reason: ending?.reason ?? null,
  status: ending ? outcomeOfVerdict(ending.verdict).status : ('pending' as const),
  resolvedAt: ending ? at : null,
  message: ending ? { state: 'pending' as const, attempts: 0, dueAt: at, claimedAt: null } : null,
})

const first = <Answer>(answers: readonly (Answer | null)[]): Answer | null => answers[0] ?? null
