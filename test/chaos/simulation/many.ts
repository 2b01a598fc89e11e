import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { countDuplicates } from '../check.ts'
import { addCoverage, type Coverage, coverageOf } from '../coverage.ts'
import type { Finding } from '../findings.ts'
import { EMPTY, type History, runHistory } from './history.ts'
import { type PlanName, planOf } from './plans.ts'
import { openHistoryServer } from './postgres.ts'
import { countReached, REACHED } from './reached.ts'
import { makeSmaller } from './smaller.ts'

/** The sums over many histories. */
export interface Totals {
  /** How often they reached each rare case. */
  counts: Readonly<Record<(typeof COUNTED)[number], number>> & Readonly<Record<string, number>>
  red: {
    seed: number
    /** The parts of it that are left; null: all. */
    only: number[] | null
    findings: Finding[]
    inconsistencies: string[]
    /** That it threw, or did not come to rest. */
    errors: string[]
  }[]
  coverage: Coverage
}
const COUNTED = ['histories', 'hours', 'faults', 'deaths', 'registrations', 'webhooks', 'duplicates', 'polls'] as const

interface Task {
  seed: number
  plan: PlanName
  /** The folder of the PostgreSQL that it is played on, if it is. */
  server: string | null
  only: number[] | null
}

/** A run stops after this many red histories. */
export const MOST_RED = 10
/** The breaches of this many are shown; each is made smaller within a limit of time. */
export const SHOWN_RED = 5
const SMALLER_IN_MS = 30 * SECOND
/** A history that takes its thread more CPU time does not come to rest. */
const LONGEST_MS: Readonly<Record<PlanName, number>> = { minutes: MINUTE, postgres: MINUTE, year: HOUR }
/** A history may take this many times as long by the system's clock, on a busy machine. */
const MOST_OTHERS = 30

const countsOf = ({ seen, deaths, hours }: History): Totals['counts'] => ({
  histories: 1,
  hours,
  faults: seen.troubles.length,
  deaths,
  registrations: seen.registering.filter(({ id }) => id !== null).length,
  webhooks: seen.webhooks.length,
  duplicates: countDuplicates(seen),
  polls: seen.polls.length,
  ...countReached(seen),
})

const addUp = (parts: readonly Totals[]): Totals => ({
  counts: Object.fromEntries(
    [...COUNTED, ...REACHED].map(name => [name, parts.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0)]),
  ) as Totals['counts'],
  red: parts.flatMap(({ red }) => red),
  coverage: addCoverage(parts.map(({ coverage }) => coverage)),
})

const judge = async ({ seed, plan: name, server, only }: Task): Promise<Totals> => {
  const plan = planOf(name, seed, only)
  const history = await runHistory(seed, { plan, server })
  const { findings, inconsistencies } = history
  const isRed = findings.length + inconsistencies.length > 0
  return {
    counts: countsOf(history),
    red: isRed ? [{ seed, only, findings, inconsistencies, errors: [] }] : [],
    coverage: coverageOf(history.seen, plan.promises),
  }
}

/** Of a thread that runs this file. */
const ROLE = 'simulated histories'
if (workerData === ROLE)
  parentPort?.on('message', async (task: Task) => {
    parentPort?.postMessage(await judge(task))
  })

/** Judges a task in a thread, which must not be used again after `errors`. */
const judgeIn = async (worker: Worker, task: Task): Promise<Totals> => {
  const longestMs = LONGEST_MS[task.plan]
  const worked = new AbortController()
  const before = await cpuMs(worker)
  const watching = setInterval(async () => {
    if ((await cpuMs(worker)) - before > longestMs) worked.abort()
  }, SECOND)
  const signal = AbortSignal.any([worked.signal, AbortSignal.timeout(MOST_OTHERS * longestMs)])
  worker.postMessage(task)
  try {
    const [totals] = await once(worker, 'message', { signal })
    return totals as Totals
  } catch (error) {
    const rest = `has not come to rest in ${longestMs / SECOND} s of CPU time, or ${MOST_OTHERS} times that`
    const errors = [signal.aborted ? rest : textOf(error)]
    const { seed, only } = task
    return {
      ...addUp([]),
      counts: { ...addUp([]).counts, histories: 1 },
      red: [{ seed, only, findings: [], inconsistencies: [], errors }],
    }
  } finally {
    clearInterval(watching)
  }
}
/** CPU time of a thread; 0 before Node 24.6, and where the thread does not run. */
const cpuMs = async (worker: Worker): Promise<number> => {
  const used = await worker.cpuUsage?.().catch(() => null)
  return used ? (used.user + used.system) / 1_000 : 0
}
/** The text of an error, with its stack. */
const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message).split('\n    at ', 2).join(' at ') : String(error)

/** Runs histories on all cores. */
export const runHistories = async ({
  seedAt,
  count,
  plan = 'minutes',
  endsAt = Number.POSITIVE_INFINITY,
  signal,
  onHistory,
  onJudged,
}: {
  /** The seed of the n-th, from 0 on. */
  seedAt: (n: number) => number
  count: number
  plan?: PlanName
  /** None begins later, by the clock of the system. */
  endsAt?: number
  /** None begins after it. */
  signal?: AbortSignal
  /** Called with the counts of each. */
  onHistory?: (one: Pick<Totals, 'counts'> & { seed: number }) => void
  /** Called with the sums so far. */
  onJudged?: (totals: Totals) => void
}): Promise<Totals> => {
  await using server = plan === 'postgres' ? await openHistoryServer(EMPTY) : null
  let totals = addUp([])
  let begun = 0
  const goesOn = () => begun < count && Date.now() < endsAt && totals.red.length < MOST_RED && !signal?.aborted
  const runNext = async (): Promise<void> => {
    let worker: Worker | null = null
    const ask = async (task: Task): Promise<Totals> => {
      worker ??= new Worker(new URL(import.meta.url), { workerData: ROLE })
      const judged = await judgeIn(worker, task)
      if (judged.red.every(({ errors }) => errors.length === 0)) return judged
      await worker.terminate()
      worker = null
      return judged
    }
    while (goesOn()) {
      const task = { seed: seedAt(begun++), plan, server: server?.folder ?? null, only: null }
      const judged = await ask(task)
      const [red] = judged.red
      if (red && totals.red.length < SHOWN_RED) {
        const run = async (only: number[]) => (await ask({ ...task, only })).red[0] ?? null
        judged.red = [
          await makeSmaller(red, { parts: planOf(plan, task.seed).parts, endsAt: Date.now() + SMALLER_IN_MS, run }),
        ]
      }
      onHistory?.({ seed: task.seed, counts: judged.counts })
      totals = addUp([totals, judged])
      onJudged?.(totals)
    }
    await (worker as Worker | null)?.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(count, availableParallelism()) }, runNext))
  totals.red.sort((a, b) => a.seed - b.seed)
  return totals
}
