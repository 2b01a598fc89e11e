import { LIVE_STATUSES, serialKey } from '../../core/registration.ts'
import { afterCallbackChanges, afterCancelling, afterRegistering, tellHints } from '../hints.ts'
import { openVerdict } from '../registration-rows.ts'
import { type KnownVerification, type Nudge, register } from '../rules/register.ts'
import { newRegistrationOf } from '../rules/registration-view.ts'
import type { NewRegistration, Registered, Registration, Store } from '../store.ts'
import { createUrls, type UrlChanges } from './callbacks.ts'
import type { Context } from './context.ts'
import { createLanes, type LaneUnitOfWork } from './lanes.ts'
import { createQuotas, type QuotaFacts } from './partners.ts'
import { createRegistrationActs } from './registration-acts.ts'
import { prepareRegistrations } from './registration-statements.ts'
import { createResolutions, type Resolutions } from './resolutions.ts'

/** What one run of a transaction works with. */
interface Run {
  at: number
  lanes: LaneUnitOfWork
  urls: UrlChanges
  quotas: QuotaFacts
  resolutions: Resolutions
  /** By verification, read once: a batch may name many URLs of one serial. */
  serials: Map<number, KnownSerial>
}
/** The ids of the live registrations of a serial by their URLs, and how many registrations were ever made. */
interface KnownSerial {
  live: Map<string, string>
  made: number
}

export const createRegistrations = (context: Context) => {
  const { client, write, read, sealed, now, hints } = context
  const statements = prepareRegistrations(context)
  const { find, cancel, nudge, beginResending } = createRegistrationActs(context)
  const urlsOf = createUrls(context)
  const beginLanes = createLanes(client)
  const { begin: beginQuotas } = createQuotas(context)
  const beginResolutions = createResolutions(context)

  const begin = (): Run => {
    const at = now()
    const lanes = beginLanes()
    const resolutions = beginResolutions(lanes, at)
    return { at, lanes, urls: urlsOf.begin(at), quotas: beginQuotas(at), resolutions, serials: new Map() }
  }

  const loadVerification = ({ idcardid, accountId }: NewRegistration): KnownVerification | null => {
    const row = statements.findVerification.get(idcardid, accountId)
    return row ? { ...row, verdict: openVerdict(context, row.id, { ...row, idcardid }) } : null
  }

  const ownerOfSerialKey = ({ idcardid, accountId }: NewRegistration): string | null =>
    statements.ownerOfSerialKey.get({ key: serialKey(idcardid), accountId }) ?? null

  const loadSerial = (verificationId: number): KnownSerial => {
    const rows = statements.ofSerial.all(verificationId)
    const live = rows
      .filter(([, , status]) => LIVE_STATUSES.includes(status))
      .map(([, id, , url]) => [url, id] as const)
    return { live: new Map(live), made: (rows.at(-1)?.[0] ?? -1) + 1 }
  }

  const serialOf = (verificationId: number, serials: Run['serials']): KnownSerial => {
    const serial = serials.get(verificationId) ?? loadSerial(verificationId)
    serials.set(verificationId, serial)
    return serial
  }

  const registerOne = (item: NewRegistration, { at, lanes, quotas, resolutions, serials }: Run): Registered => {
    const { id, partnerId, callbackUrl, traceparent } = item
    const verification = loadVerification(item)
    const serial = verification ? serialOf(verification.id, serials) : { live: new Map<string, string>(), made: 0 }
    const liveId = serial.live.get(callbackUrl)
    const laneId = lanes.find(partnerId, callbackUrl)
    const { made } = serial
    const facts = {
      verification,
      ownerOfSerialKey: verification ? null : ownerOfSerialKey(item),
      registrations: { live: serial.live.size, made },
      hasLive: liveId !== undefined,
      laneId,
      quotas: quotas.of(partnerId),
    }
    const plan = register(item, facts, at)
    if (plan.outcome === 'existing')
      return { outcome: 'existing', registration: find(partnerId, liveId ?? '') as Registration }
    if (plan.outcome !== 'created') return plan

    const { expiresAt, ask, ending } = plan
    const key = verification ? { verificationId: verification.id, n: made } : addVerification(item, ask as Nudge, at)
    const metadata = sealed.metadata.seal(item, item.metadata)
    const lane = laneId ?? lanes.add(partnerId, callbackUrl)
    const { verificationId, n } = key
    statements.add.run(verificationId, n, id, partnerId, callbackUrl, lane, metadata, at, expiresAt, traceparent)
    quotas.add(partnerId, { pending: ending ? 0 : 1 })
    if (!verification) return { outcome: 'created', registration: newRegistrationOf(item, at, expiresAt) }

    serial.live.set(callbackUrl, item.id)
    serial.made++
    if (ask) statements.nudge.run(ask.nudgedAt, ask.queue, ask.dueAt, verification.id)
    if (ending) resolutions.add({ ...ending, registration: { ...item, ...key, laneId: lane, createdAt: at } })
    return { outcome: 'created', registration: find(partnerId, item.id) as Registration }
  }

  const addVerification = ({ partnerId, accountId, idcardid }: NewRegistration, ask: Nudge, at: number) => {
    const { nudgedAt, queue, dueAt } = ask
    const key = serialKey(idcardid)
    const known = [accountId, partnerId, idcardid, key === idcardid ? null : key] as const
    const added = statements.addVerification.run(...known, at, nudgedAt, queue, dueAt)
    return { verificationId: Number(added.lastInsertRowid), n: 0 }
  }

  return {
    register: async items => {
      const { registered, isReleased, changedUrls } = await write(() => {
        const run = begin()
        const registered = items.map(item => registerOne(item, run))
        // Their partners name these URLs again, so they are there again: what was held goes on.
        const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
        const isReleased = named.filter(item => run.urls.release(item, 'registration')).length > 0
        run.resolutions.save()
        run.lanes.save()
        run.urls.save()
        return { registered, isReleased, changedUrls: run.urls.changedUrls }
      })
      tellHints(hints, [...afterRegistering(registered, isReleased), ...afterCallbackChanges(changedUrls)])
      return registered
    },

    findRegistration: (partnerId, id) => read(() => find(partnerId, id)),

    cancel: async (partnerId, id) => {
      const cancelled = await write(() => cancel(partnerId, id))
      if (cancelled) tellHints(hints, afterCancelling(partnerId, id))
      return cancelled
    },

    nudge: async (partnerId, id) => {
      const nudged = await write(() => nudge(partnerId, id))
      if (nudged) tellHints(hints, [['verificationsDue']])
      return nudged
    },

    resend: async (partnerId, id) => {
      const { outcome, changedUrls } = await write(() => {
        const resending = beginResending()
        return { outcome: resending.resend(partnerId, id), changedUrls: resending.save() }
      })
      if (outcome === 'resent') tellHints(hints, [['messagesDue'], ...afterCallbackChanges(changedUrls)])
      return outcome
    },
  } satisfies Partial<Store>
}
