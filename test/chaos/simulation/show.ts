import type { Options } from '../options.ts'
import { EMPTY, type History, runHistory } from './history.ts'
import { planOf } from './plans.ts'
import { openHistoryServer } from './postgres.ts'

/** Of anything that was seen: when it was, or began. */
interface Entry {
  at?: number
  from?: number
}

/** All that was seen of one history, in the order of time. */
export const showHistory = async (
  { count: seed, plan, only }: Pick<Options, 'count' | 'plan' | 'only'>,
  say: (line: string) => void,
): Promise<History> => {
  await using server = plan === 'postgres' ? await openHistoryServer(EMPTY) : null
  const history = await runHistory(seed, { plan: planOf(plan, seed, only), server: server?.folder ?? null })
  const lists = Object.entries(history.seen).filter(([, list]) => Array.isArray(list)) as [string, Entry[]][]
  const lines = lists.flatMap(([name, list]) =>
    list
      .filter(one => typeof one === 'object')
      .map(one => [one.at ?? one.from ?? 0, `${name} ${JSON.stringify(one)}`] as const),
  )
  for (const [at, text] of lines.sort(([a], [b]) => a - b)) say(`${new Date(at).toISOString()} ${text}`)
  return history
}
