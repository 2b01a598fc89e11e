import { MINUTE, SECOND } from './duration.ts'

/** How long GetResult takes to answer, and how many calls are made at a time meanwhile. */
export interface AnswerTime {
  ms: number
  calls: number
}

/** What a node has seen in the last minute, by account. */
export type NodeAnswers = Readonly<Record<string, AnswerTime>>

/** Of each account so many calls are kept. */
const MOST_CALLS = 200

/** @param calls that an account may have in flight */
export const createAnswerTimes = (calls: number) => {
  const accounts = new Map<string, { at: number; ms: number }[]>()
  return {
    add: (id: string, ms: number, at: number): void => {
      const all = accounts.get(id) ?? []
      if (all.push({ at, ms }) > MOST_CALLS) all.shift()
      accounts.set(id, all)
    },
    means: (now: number): NodeAnswers => {
      const means = [...accounts].flatMap(([id, all]) => {
        const recent = all.filter(({ at }) => Math.abs(now - at) < MINUTE)
        const ms = recent.reduce((sum, call) => sum + call.ms, 0) / recent.length
        return recent.length > 0 ? [[id, { ms, calls }] as const] : []
      })
      return Object.fromEntries(means)
    },
  }
}

/** Calls a second that can be reached, whatever the rate. */
export const reachOf = (answers: AnswerTime | null): number =>
  answers === null ? Number.POSITIVE_INFINITY : (answers.calls / Math.max(1, answers.ms)) * SECOND

/** Those of all nodes as one; null: none knows. */
export const answersOf = (accountId: string, nodes: readonly (NodeAnswers | null)[]): AnswerTime | null => {
  const told = nodes.flatMap(answers => answers?.[accountId] ?? [])
  const calls = told.reduce((sum, one) => sum + one.calls, 0)
  const reach = told.reduce((sum, one) => sum + reachOf(one), 0)
  return told.length === 0 ? null : { ms: Math.round((calls / reach) * SECOND), calls }
}
