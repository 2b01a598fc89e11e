import { tellHints } from '../../../../src/store/hints.ts'
import { NEW_LANE } from '../../../../src/store/rules/lane.ts'
import type { Mended, MendPlace, Store } from '../../../../src/store/store.ts'
import { advanceLane, type Context } from './context.ts'
import { attemptKey, isDue } from './tables.ts'

type After<Queue extends MendPlace['queue']> = Extract<MendPlace, { queue: Queue }>['after']
type Cells = readonly (string | number)[]

const byPlace = (a: Cells, b: Cells): number => {
  const n = a.findIndex((cell, index) => cell !== b[index])
  return n < 0 ? 0 : (a[n] ?? 0) < (b[n] ?? 0) ? -1 : 1
}
/** The first `limit` of them behind a place. */
const behind = <Placed extends { place: Cells }>(placed: readonly Placed[], after: Cells | null, limit: number) =>
  placed
    .filter(({ place }) => after === null || byPlace(place, after) > 0)
    .sort((a, b) => byPlace(a.place, b.place))
    .slice(0, limit)

/** What a step of the clock back has put ahead. */
export const createMending = (context: Context): Pick<Store, 'mendDueTimes'> => {
  const { tables, rules, now, hints } = context

  const mendVerifications = (after: After<'verifications'>, limit: number): Mended => {
    const at = now()
    const placed = tables.verifications
      .all()
      .filter(isDue)
      .map(row => ({ row, place: [row.accountId, row.partnerId, row.queue, row.dueAt, row.id] as const }))
    const looked = behind(placed, after, limit)
    const mended = looked.filter(({ row }) => {
      const times = rules.verificationWithoutLead(row, at)
      if (times) tables.verifications.change(row.id, times)
      return times !== null
    }).length
    const last = looked.length < limit ? undefined : looked.at(-1)
    return { mended, next: last ? { queue: 'verifications', after: last.place } : { queue: 'messages', after: null } }
  }

  const mendMessages = (after: After<'messages'>, limit: number): Mended => {
    const at = now()
    const attemptsOf = (seq: number) =>
      tables.attempts.where(({ messageSeq }) => messageSeq === seq).sort((a, b) => b.n - a.n)
    const placed = tables.messages
      .all()
      .filter(isDue)
      .map(row => ({ row, place: [row.laneId, row.dueAt, row.seq] as const }))
    const looked = behind(placed, after, limit)
    const mended = looked.filter(({ row }) => {
      const attempts = attemptsOf(row.seq)
      const [last] = attempts
      const lane = tables.lanes.get(row.laneId) ?? NEW_LANE
      const { rampAt, ramped } = lane
      const attempted = { attemptedAt: last?.at ?? null, attemptedClaim: last?.n ?? null }
      const change = rules.messageWithoutLead({ ...row, ...attempted, rampAt, ramped }, at)
      if (!change && !rules.isLaneLate(lane, row, at)) return false
      advanceLane(context, row.laneId, change?.dueAt ?? row.dueAt)
      if (!change) return true
      tables.messages.change(row.seq, { dueAt: change.dueAt, claimedAt: change.claimedAt })
      for (const { n, at: attemptedAt } of attempts)
        if (attemptedAt > at) tables.attempts.change(attemptKey(row.seq, n), { at: attemptedAt - change.leadMs })
      return true
    }).length
    const last = looked.length < limit ? undefined : looked.at(-1)
    return { mended, next: last ? { queue: 'messages', after: last.place } : null }
  }

  return {
    mendDueTimes: async (place, limit) => {
      const { mended, next } = tables.transaction(() =>
        place?.queue === 'messages'
          ? mendMessages(place.after, limit)
          : mendVerifications(place === null ? null : place.after, limit),
      )
      const isOfMessages = place?.queue === 'messages'
      if (mended > 0) tellHints(hints, [[isOfMessages ? 'messagesDue' : 'verificationsDue']])
      return { mended, next }
    },
  }
}
