import type { Language } from '../core/language.ts'
import { describeTrouble } from '../core/operator-texts/describe.ts'
import type { ShowTime } from '../core/show-time.ts'
import { isoTime } from '../core/show-time.ts'
import { isThere, type JudgedNode, judgeNodes } from './nodes.ts'
import { type TroubleFacts, troublesOf } from './rules/troubles.ts'
import type { AccountStats, EngineStats, QueueStats } from './stats.ts'
import type { Store } from './store.ts'
import { findWriteError } from './write-error.ts'

const isoOrNull = (at: number | null): string | null => (at === null ? null : isoTime(at))

/** How it is going, in words and numbers, as JSON. Times are ISO 8601, in UTC. */
export type Overview = ReturnType<typeof overviewOf>

interface Reader {
  language: Language
  showTime?: ShowTime
}

/**
 * Reads how it is going.
 *
 * @param reader.isServed whether a service has the database open, as the reader is one or has seen one; null: whoever shows itself as a
 *   node tells
 * @param reader.showTime writes a time (epoch ms) in the reader's zone; in UTC, if it is not given
 */
export const readOverview = async (
  store: Pick<Store, 'stats' | 'probe'>,
  { isServed: seen, ...reader }: Reader & { isServed: boolean | null },
): Promise<Overview> => {
  const [stats, writeError] = await Promise.all([store.stats(), findWriteError(store)])
  const isServed = seen ?? stats.nodes.some(node => isThere(node, stats.at))
  return overviewOf({ stats, writeError, isServed }, reader)
}

const overviewOf = (facts: TroubleFacts, { language, showTime }: Reader) => {
  const { stats } = facts
  return {
    at: isoTime(stats.at),
    language,
    problems: troublesOf(facts).map(trouble => ({
      code: trouble.code,
      account: 'account' in trouble ? trouble.account : null,
      since: isoOrNull(trouble.since),
      ...describeTrouble(trouble, language, stats.at, showTime),
    })),
    accounts: stats.accounts.map(viewAccountStats),
    polls: viewQueue(stats.polls),
    deliveries: {
      ...viewQueue(stats.deliveries),
      held: stats.deliveries.held,
    },
    callbacks: stats.callbacks,
    bulk: stats.bulk,
    nodes: judgeNodes(stats.nodes).map(viewNode),
    engine: viewEngine(stats.engine),
  }
}

export const viewNode = (node: JudgedNode) => ({
  id: node.id,
  name: node.name,
  roles: [...node.roles],
  version: node.version,
  settings: node.settings,
  key: node.key,
  startedAt: isoTime(node.startedAt),
  seenAt: isoTime(node.seenAt),
  lost: node.isLost,
  differsIn: [...node.differsIn],
})

const viewQueue = ({ due, dueIsCapped, scheduled, leased, oldestDueAt }: QueueStats) => ({
  due,
  dueIsCapped,
  scheduled,
  leased,
  oldestDueAt: isoOrNull(oldestDueAt),
})

const viewAccountStats = (account: AccountStats) => ({
  id: account.id,
  account: account.apiId,
  rate: account.rate,
  paused: account.pausedAt !== null,
  reason: account.pauseReason,
  code: account.pauseCode,
  reachable: account.unreachableAt === null,
  error: account.unreachableError,
  since: isoOrNull(account.pausedAt ?? account.unreachableAt),
  nextTryAt: isoOrNull(account.probeAt),
  waiting: account.waiting,
  ...viewQueue(account),
})

const viewEngine = (engine: EngineStats) => {
  const { masterKey: _, ...shown } = engine
  return shown
}
