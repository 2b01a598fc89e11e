import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { countDuplicates } from '../check.ts'
import type { Finding } from '../findings.ts'
import { type History, runHistory } from './history.ts'
import { PLANS, type PlanName } from './plans.ts'

/** What many histories came to. */
export interface Totals {
  counts: Readonly<Record<(typeof COUNTED)[number], number>>
  red: { seed: number; findings: Finding[]; inconsistencies: string[] }[]
}
const COUNTED = ['histories', 'hours', 'deaths', 'registrations', 'webhooks', 'duplicates', 'polls'] as const

interface Task {
  /** This seed, and each `step`th after it. */
  from: number
  step: number
  count: number
  plan: PlanName
  /** It ends then at the latest, by the clock of the system. */
  endsAt: number
}

/** With so many red ones there is enough to look at. */
const MOST_RED = 10

const countsOf = ({ seen, deaths, hours }: History): Totals['counts'] => ({
  histories: 1,
  hours,
  deaths,
  registrations: seen.registering.filter(({ id }) => id !== null).length,
  webhooks: seen.webhooks.length,
  duplicates: countDuplicates(seen),
  polls: seen.polls.length,
})

const addUp = (parts: readonly Totals[]): Totals => ({
  counts: Object.fromEntries(
    COUNTED.map(name => [name, parts.reduce((sum, { counts }) => sum + counts[name], 0)]),
  ) as Totals['counts'],
  red: parts.flatMap(({ red }) => red),
})

const runTask = async ({ from, step, count, plan, endsAt }: Task): Promise<Totals> => {
  let totals = addUp([])
  for (let i = 0; i < count && Date.now() < endsAt && totals.red.length < MOST_RED; i++) {
    const seed = from + i * step
    const history = await runHistory(seed, { plan: PLANS[plan] })
    const { findings, inconsistencies } = history
    const isRed = findings.length + inconsistencies.length > 0
    totals = addUp([totals, { counts: countsOf(history), red: isRed ? [{ seed, findings, inconsistencies }] : [] }])
  }
  return totals
}

/** Runs histories with the seeds from `from` on, on all cores. */
export const runHistories = async ({
  from,
  count,
  plan = 'minutes',
  endsAt = Number.POSITIVE_INFINITY,
}: Pick<Task, 'from' | 'count'> & Partial<Task>): Promise<Totals> => {
  const threads = Math.min(count, availableParallelism())
  const parts = await Promise.all(
    Array.from({ length: threads }, async (_, n) => {
      const part = { from: from + n, step: threads, count: Math.ceil((count - n) / threads) }
      const task: Task = { ...part, plan, endsAt }
      const worker = new Worker(new URL(import.meta.url), { workerData: task })
      const { promise, resolve, reject } = Promise.withResolvers<Totals>()
      worker.once('message', resolve).once('error', reject)
      return promise
    }),
  )
  return addUp(parts)
}

if (!isMainThread && (workerData as Task | null)?.step) parentPort?.postMessage(await runTask(workerData as Task))
