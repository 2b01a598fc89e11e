import { reachOf, SLOW_MS } from '../../core/answer-times.ts'
import { DAY, SECOND } from '../../core/duration.ts'
import { LATE_MS, type Trouble } from '../../core/trouble.ts'
import { type LastBackup, STALE_MS } from '../backup.ts'
import { type JudgedNode, judgeNodes } from '../operators/nodes.ts'
import type { AccountStats, EngineStats, Stats } from './stats.ts'

export const LOW_DISK_BYTES = 1024 ** 3
/** Since when there should have been a newer backup; in the future if the last one is fresh. */
export const backupDueAt = ({ good }: LastBackup): number | null => good && good.at + STALE_MS
/** Receivers refuse webhooks that are minutes off. The `Date` of a response is exact to half a second. */
const WRONG_CLOCK_MS = 30 * SECOND

export interface TroubleFacts {
  stats: Stats
  /** Error of a write to the database; null: it can be written. */
  writeError: string | null
  /** A service has the database open. */
  isServed: boolean
}

/** Returns the current troubles, the worst first; empty if none. */
export const troublesOf = ({ stats, writeError, isServed }: TroubleFacts): Trouble[] => {
  // Without a service, the troubles of single nodes add nothing.
  const judged = isServed ? judgeNodes(stats.nodes) : []
  return [
    // While nothing can be written, no service can show that it runs.
    ...(isServed || writeError !== null ? [] : [{ code: 'no_service', since: null } as const]),
    ...(writeError === null ? [] : [storeFailing(writeError, stats.engine)]),
    ...stats.accounts.flatMap(account => accountTroubles(account, { at: stats.at, isServed })),
    ...deliveryTroubles(stats),
    ...lostNodes(judged),
    ...wrongClocks(judged),
    // `store_failing` covers a full disk.
    ...(writeError === 'SQLITE_FULL' ? [] : diskTroubles(stats.engine)),
    ...(stats.refusingChannel ? [{ code: 'operators_not_told', ...stats.refusingChannel } as const] : []),
    ...differingNodes(judged),
    ...stats.accounts.flatMap(slowAnswers),
    ...callbackTroubles(stats),
    ...backupTroubles(stats),
    ...stats.accounts.flatMap(idleAccount),
  ]
}

const storeFailing = (error: string, engine: EngineStats): Trouble => {
  const file = engine.kind === 'sqlite' ? engine.path : null
  return { code: 'store_failing', since: null, error, ...(file === null ? {} : { file }) }
}

/** Time of a check, and whether a service runs then. */
interface Moment {
  at: number
  isServed: boolean
}

const accountTroubles = (account: AccountStats, moment: Moment): Trouble[] => {
  const { apiId, isRemoved, waiting, pausedAt, pauseReason, pauseCode, unreachableAt, unreachableError } = account
  const nextTryAt = moment.isServed ? account.probeAt : null
  if (pausedAt !== null) {
    const paused = { since: pausedAt, account: apiId }
    if (pauseReason === 'operator') return waiting > 0 ? [{ code: 'account_paused_by_operator', ...paused }] : []
    const refused = { reason: pauseReason ?? 'unknown_code', upstreamCode: pauseCode, nextTryAt }
    return [{ code: 'account_paused', ...paused, ...refused, ...(isRemoved ? { isRemoved } : {}) }]
  }
  if (unreachableAt !== null)
    return [
      { code: 'upstream_unreachable', since: unreachableAt, account: apiId, error: unreachableError ?? '?', nextTryAt },
    ]
  return latePolls(account, moment)
}

const idleAccount = ({ apiId: account, pausedAt: since, pauseReason, waiting }: AccountStats): Trouble[] =>
  since !== null && pauseReason === 'operator' && waiting === 0 ? [{ code: 'account_paused_idle', since, account }] : []

const slowAnswers = ({ apiId: account, pausedAt, unreachableAt, answers }: AccountStats): Trouble[] =>
  answers === null || answers.ms <= SLOW_MS || (pausedAt ?? unreachableAt) !== null
    ? []
    : [{ code: 'upstream_slow', since: null, account, ms: answers.ms }]

const latePolls = (
  { apiId, rate, rateNow, answers, catchUpMs, due, dueIsCapped, oldestDueAt, most }: AccountStats,
  { at, isServed }: Moment,
): Trouble[] => {
  if (oldestDueAt === null || at - oldestDueAt <= LATE_MS) return []
  const backlog = {
    account: apiId,
    due,
    isCapped: dueIsCapped,
    most,
    rate,
    rateNow,
    answers,
    isSlow: reachOf(answers) <= rateNow,
    etaMs: isServed ? catchUpMs : null,
  }
  return [{ code: 'polls_late', since: oldestDueAt + LATE_MS, ...backlog }]
}

const deliveryTroubles = ({ at, deliveries }: Stats): Trouble[] => {
  const { due, dueIsCapped: isCapped, oldestDueAt, heldAt } = deliveries
  if (heldAt !== null) return [{ code: 'deliveries_held', since: heldAt, due, isCapped }]
  if (oldestDueAt === null || at - oldestDueAt <= LATE_MS) return []
  return [{ code: 'deliveries_late', since: oldestDueAt + LATE_MS, due, isCapped }]
}

const lostNodes = (nodes: readonly JudgedNode[]): Trouble[] => {
  const done = new Set(nodes.flatMap(({ isLost, roles }) => (isLost ? [] : roles)))
  return nodes.flatMap(({ name: node, seenAt, isLost, roles }) => {
    if (!isLost) return []
    const undone = roles.filter(role => !done.has(role))
    return [{ code: 'node_lost', since: seenAt, node, ...(undone.length > 0 ? { undone } : {}) }]
  })
}

type TimedNode = Pick<JudgedNode, 'name' | 'isLost' | 'clockAheadMs'>

/** Skips lost nodes. */
export const wrongClocks = (nodes: readonly TimedNode[]): Extract<Trouble, { code: 'clock_wrong' }>[] =>
  nodes.flatMap(({ name: node, isLost, clockAheadMs: aheadMs }) =>
    isLost || aheadMs === null || Math.abs(aheadMs) < WRONG_CLOCK_MS
      ? []
      : [{ code: 'clock_wrong', since: null, node, aheadMs }],
  )

const differingNodes = (nodes: readonly JudgedNode[]): Trouble[] =>
  nodes.flatMap(({ name: node, differsSince, differsIn, settingsDiffering: settings }) =>
    differsSince === null ? [] : [{ code: 'node_differs', since: differsSince, node, differsIn, settings }],
  )

const diskTroubles = (engine: EngineStats): Trouble[] => {
  const freeBytes = engine.kind === 'sqlite' ? engine.diskFreeBytes : null
  return freeBytes !== null && freeBytes < LOW_DISK_BYTES ? [{ code: 'disk_low', since: null, freeBytes }] : []
}

const backupTroubles = ({ at, engine, backup, firstPartnerAt }: Stats): Trouble[] => {
  const { good, failed } = backup
  if (failed) return [{ code: 'backup_failed', since: failed.at, reason: failed.reason, path: failed.path }]
  const since = backupDueAt(backup) ?? (firstPartnerAt ?? at) + DAY
  if (engine.kind === 'postgres' || since >= at) return []
  return [{ code: 'backup_stale', since, madeAt: good?.at ?? null, path: good?.path ?? null }]
}

const callbackTroubles = ({
  deliveries: { held, givenUp: count, givenUpIsCapped: isCapped, resent, resentIsCapped },
  callbacks: { gone, disabled },
  failingHosts: failing,
}: Stats): Trouble[] => [
  ...(count > 0 ? [{ code: 'messages_exhausted', since: null, count, isCapped } as const] : []),
  ...(resent > 0
    ? [{ code: 'messages_resent', since: null, count: resent, isCapped: resentIsCapped, isAll: count === 0 } as const]
    : []),
  ...failing.worst.slice(0, 1).map(({ since }) => ({ code: 'callbacks_failing', since, ...failing }) as const),
  ...(held > 0 ? [{ code: 'messages_held', since: null, held, urls: gone + disabled } as const] : []),
]
