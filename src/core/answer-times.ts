import { MINUTE, SECOND } from './duration.ts'

/** Mean response time of GetResult, and the maximum number of calls in flight. */
export interface AnswerTime {
  ms: number
  calls: number
}

/** Response times of a node lately, by account. */
export type NodeAnswers = Readonly<Record<string, AnswerTime>>

/** A longer mean response time is a trouble. */
export const SLOW_MS = 2 * SECOND

/** Maximum number of calls kept per account. */
const MAX_CALLS = 200
/** A mean is of the last minute's calls; if those are fewer than this, of the last ones within `RECENT_MS`. */
const MIN_CALLS = 3
const RECENT_MS = 5 * MINUTE

/** @param calls maximum number of calls in flight per account */
export const createAnswerTimes = (calls: number) => {
  const accounts = new Map<string, { at: number; ms: number }[]>()
  return {
    add: (id: string, ms: number, at: number): void => {
      const all = accounts.get(id) ?? []
      if (all.push({ at, ms }) > MAX_CALLS) all.shift()
      accounts.set(id, all)
    },
    means: (now: number): NodeAnswers => {
      const means = [...accounts].flatMap(([id, all]) => {
        const within = (ageMs: number) => all.filter(({ at }) => Math.abs(now - at) < ageMs)
        const lastMinute = within(MINUTE)
        const recent = lastMinute.length >= MIN_CALLS ? lastMinute : within(RECENT_MS).slice(-MIN_CALLS)
        const ms = recent.reduce((sum, call) => sum + call.ms, 0) / recent.length
        return recent.length >= MIN_CALLS ? [[id, { ms, calls }] as const] : []
      })
      return Object.fromEntries(means)
    },
  }
}

/** Calls per second that the response times allow, regardless of the rate. */
export const reachOf = (answers: AnswerTime | null): number =>
  answers === null ? Number.POSITIVE_INFINITY : (answers.calls / Math.max(1, answers.ms)) * SECOND

/** Response times of all nodes as one, or null if no node knows any. */
export const answersOf = (accountId: string, nodes: readonly (NodeAnswers | null)[]): AnswerTime | null => {
  const times = nodes.flatMap(answers => answers?.[accountId] ?? [])
  const calls = times.reduce((sum, one) => sum + one.calls, 0)
  const reach = times.reduce((sum, one) => sum + reachOf(one), 0)
  return times.length === 0 ? null : { ms: Math.round((calls / reach) * SECOND), calls }
}
