import type { BulkAct, BulkCommand, BulkPace, BulkStep } from '../../../../src/store/bulk-act.ts'
import { ALL_REGISTRATIONS, type FoundRegistration } from '../../../../src/store/registration-search.ts'
import {
  afterProbe,
  BULK_WINDOW,
  type BulkRow,
  isUnderWay,
  isWaiting,
  pauseAfter,
  startedBulk,
  stoppedBulk,
  takeForBulk,
  waitForStep,
} from '../../../../src/store/rules/bulk-act.ts'
import { groupsOf, isWanted } from '../../../../src/store/rules/registration-search.ts'
import type { Cancellation, Store } from '../../../../src/store/store.ts'
import type { Context } from './context.ts'
import type { RegistrationRow } from './tables.ts'

type Verbs = Pick<
  Store,
  | 'searchRegistrations'
  | 'countRegistrations'
  | 'groupFailures'
  | 'partnerOf'
  | 'createBulkAct'
  | 'findBulkAct'
  | 'listBulkActs'
  | 'startBulkAct'
  | 'stopBulkAct'
  | 'continueBulkActs'
>

const newestFirst = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? 1 : -1)
const viewBulk = ({ cursor: _, looked: __, probeClaims: ___, ...bulk }: BulkRow): BulkAct => bulk

/** What operators search, and what they do to all that they find. `acts` does it to one. */
export const createSearches = (
  { tables, now, hints }: Context,
  acts: Pick<Store, 'cancel' | 'nudge' | 'resend'>,
): Verbs => {
  const { transaction } = tables

  const messageOf = (seq: number | null): FoundRegistration['message'] => {
    const message = seq === null ? undefined : tables.messages.get(seq)
    if (!message) return null
    const { state, claims, attempts, createdAt, dueAt, claimedAt } = message
    const [last] = tables.attempts.where(({ messageSeq }) => messageSeq === seq).sort((a, b) => b.n - a.n)
    const lastAttempt = last
      ? {
          n: last.n,
          at: last.at,
          durationMs: last.durationMs,
          outcome: last.outcome,
          httpStatus: last.httpStatus,
          error: last.error,
        }
      : null
    return { state, claims, attempts, createdAt, dueAt, claimedAt, lastAttempt }
  }
  const toFound = (row: RegistrationRow): FoundRegistration => {
    const { id, partnerId, callbackUrl, status, reason, createdAt, resolvedAt } = row
    const { accountId = '', idcardid = '' } = tables.verifications.get(row.verificationId) ?? {}
    const own = { id, partnerId, accountId, idcardid, callbackUrl, status, reason, createdAt, resolvedAt }
    return { ...own, message: messageOf(row.messageSeq) }
  }
  const all = (): FoundRegistration[] => tables.registrations.all().map(toFound).sort(newestFirst)

  const underWay = () => tables.bulkActs.where(({ state }) => isUnderWay(state))
  const command = (
    id: string,
    rule: (row: BulkRow, at: number) => Partial<BulkRow> | 'impossible' | 'too_many',
  ): BulkCommand | null => {
    const row = tables.bulkActs.get(id)
    if (!row) return null
    const patch = rule(row, now())
    if (patch === 'impossible') return { outcome: patch, state: row.state }
    if (patch === 'too_many') return { outcome: patch }
    transaction(() => tables.bulkActs.change(id, patch))
    return { outcome: 'changed', bulk: viewBulk({ ...row, ...patch }) }
  }

  const apply = async ({ act }: BulkRow, { id, partnerId }: FoundRegistration): Promise<Cancellation[]> => {
    if (act === 'resend') await acts.resend(partnerId, id)
    if (act === 'poll') await acts.nudge(partnerId, id)
    const cancelled = act === 'cancel' ? await acts.cancel(partnerId, id) : null
    return cancelled ? [cancelled] : []
  }

  const judgeProbe = (row: BulkRow): void => {
    const probe = tables.registrations.get(row.probeId ?? '')
    const patch = afterProbe(row, probe ? toFound(probe) : null, { at: now(), underWay: underWay() })
    if (patch) transaction(() => tables.bulkActs.change(row.id, patch))
  }

  const step = async (limit: number, pace?: BulkPace): Promise<BulkStep> => {
    const wait = pace ? waitForStep(tables.bulkPace.get('')?.nextAt ?? null, now()) : 0
    if (wait > 0) return { count: 0, isIdle: underWay().length === 0, cancelled: [], waitMs: wait }
    for (const row of underWay()) if (isWaiting(row)) judgeProbe(row)
    const [row] = underWay()
      .filter(one => !isWaiting(one))
      .sort((a, b) => a.looked - b.looked || (a.id < b.id ? -1 : 1))
    if (!row) return { count: 0, isIdle: true, cancelled: [], waitMs: 0 }
    const window = all().filter(one => row.cursor === null || one.id < row.cursor)
    const { batch, patch } = takeForBulk(row, window.slice(0, BULK_WINDOW), { limit, at: now() })
    const waitMs = pace ? pauseAfter(pace, batch.length) : 0
    transaction(() => {
      tables.bulkActs.change(row.id, patch)
      if (pace) tables.bulkPace.set('', { nextAt: now() + waitMs })
    })
    const cancelled: Cancellation[] = []
    for (const one of batch) cancelled.push(...(await apply(row, one)))
    return { count: batch.length, isIdle: false, cancelled, waitMs }
  }

  return {
    searchRegistrations: async ({ filter, act, limit, before }) => {
      const found = all().filter(one => isWanted(one, filter, act) && (before === null || one.id < before))
      return { found: found.slice(0, limit), next: found.length > limit ? (found[limit - 1]?.id ?? null) : null }
    },
    countRegistrations: async ({ filter, act }) => ({
      count: all().filter(one => isWanted(one, filter, act)).length,
      isCapped: false,
    }),
    groupFailures: async () => ({
      groups: groupsOf(all().filter(one => isWanted(one, { ...ALL_REGISTRATIONS, failing: true }, null))),
      isCapped: false,
    }),
    partnerOf: async id => tables.registrations.get(id)?.partnerId ?? null,

    createBulkAct: async bulk => {
      const times = { startedAt: null, doneAtStart: 0, endedAt: null }
      const counts = { done: 0, error: null, cursor: null, looked: 0, probeId: null, probedAt: null, probeClaims: 0 }
      const row = { ...bulk, state: 'draft' as const, ...times, ...counts }
      transaction(() => tables.bulkActs.add(bulk.id, row))
      return viewBulk(row)
    },
    findBulkAct: async id => {
      const row = tables.bulkActs.get(id)
      return row ? viewBulk(row) : null
    },
    listBulkActs: async ({ limit, before }) =>
      tables.bulkActs
        .where(({ id }) => before === null || id < before)
        .sort(newestFirst)
        .slice(0, limit)
        .map(viewBulk),
    startBulkAct: async id => {
      const started = command(id, (row, at) => startedBulk(row, { at, underWay: underWay() }))
      if (started?.outcome === 'changed') hints.emit('bulkActsDue')
      return started
    },
    stopBulkAct: async id => command(id, stoppedBulk),
    continueBulkActs: step,
  }
}
