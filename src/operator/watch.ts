import { ALERT_KINDS, type Alert, type Observation, subjectKey } from '../core/alert.ts'
import { MINUTE } from '../core/duration.ts'
import { describeAlert } from '../core/operator-texts/describe.ts'
import { alertOf, pageOf } from '../core/trouble-kinds.ts'
import { GIVEN_UP_MS, isNone, type Stats } from '../store/stats/stats.ts'
import { troublesOf } from '../store/stats/troubles.ts'
import type { Store } from '../store/store.ts'
import { findWriteError } from '../store/unavailable.ts'
import type { Emit } from '../telemetry/emit.ts'
import { createCommandWatch } from './command-watch.ts'
import { type Audience, pageAt } from './notice.ts'

type Finding = Pick<Alert, 'condition' | 'subject' | 'details'>

/** How long given-up webhooks are watched after the last: what is resent is retried for three days by default. */
const WATCHED_MS = 4 * GIVEN_UP_MS

const alertFrom = (finding: Finding, state: Alert['state'], { since, at }: { since: number; at: number }) => ({
  condition: finding.condition,
  subject: finding.subject,
  details: finding.details,
  state,
  since,
  at,
  count: 1,
  toldState: null,
  toldAt: null,
  dueAt: null,
})

/**
 * Whether the condition cannot be judged now. While an operator holds all messages, or an account is not polled,
 * nothing counts as late; an operator's pause does not end the alert of an account that is refused; and without calls,
 * GetResult is neither slow nor quick. A node that has just started has not measured its clock.
 *
 * @param missing nodes that are not there, and since when: a restart takes less than a minute
 */
const isUnknown = (
  { condition, subject }: Pick<Finding, 'condition' | 'subject'>,
  { at, deliveries, accounts, nodes }: Stats,
  missing: ReadonlyMap<string, number>,
): boolean => {
  if (condition === 'clock.wrong') {
    const since = missing.get(subject)
    if (since !== undefined) return at - since < MINUTE
    return nodes.every(node => node.name !== subject || node.lostAt !== null || node.clockAheadMs === null)
  }
  if (subject === 'deliver') return deliveries.heldAt !== null
  return accounts.some(({ apiId, pausedAt, pauseReason, unreachableAt, answers }) => {
    if (condition === 'account.paused') return subject === apiId && pauseReason === 'operator'
    const isIdle = pausedAt !== null || unreachableAt !== null
    if (condition === 'upstream.slow') return subject === apiId && (isIdle || answers === null)
    return subject === `poll ${apiId}` && isIdle
  })
}

/** Checks the service's state, and notes conditions that began or ended, no matter which node noted them before. */
export const createWatch = ({
  store,
  note,
  notifyNow,
  emit,
  consoleUrl,
  place,
}: {
  store: Pick<Store, 'stats' | 'now' | 'probe' | 'firingAlerts' | 'givenUpOf'>
  note: (note: Observation) => void
  /** Notifies operators past the store, of conditions that cannot be stored. Resolves to false if not sent. */
  notifyNow: (alert: Alert) => Promise<boolean>
  emit: Emit<'operator.event' | 'deliveries.held' | 'deliveries.resumed' | 'backup.done' | 'backup.failed'>
  consoleUrl: Audience['consoleUrl']
  /** The file, or the name of this one of several nodes. */
  place: { file: string } | { node: string }
}) => {
  const logCommands = createCommandWatch(emit)
  /** Conditions that the log shows as firing, and since when. */
  const logged = new Map<string, Alert>()
  let checks = 0
  let missing: ReadonlyMap<string, number> = new Map()

  const log = (finding: Finding, state: Alert['state'], at: number): void => {
    const key = subjectKey(finding)
    const before = logged.get(key)
    if (!ALERT_KINDS[finding.condition].isLogged || (before !== undefined) === (state === 'firing')) return
    const alert = alertFrom(before ?? finding, state, { since: before?.since ?? at, at })
    if (state === 'firing') logged.set(key, alert)
    else logged.delete(key)
    const { type, headline, sentence } = describeAlert(alert, 'en', at)
    const { subject } = alert
    const { page = null } = pageAt({ consoleUrl }, pageOf(alert))
    emit('operator.event', { type, subject, state, sentence: state === 'firing' ? sentence : headline, page })
  }

  let failing: { error: string; since: number } | null = null
  let notifiedFailure: Alert | null = null

  const checkWriting = async (): Promise<void> => {
    const [error, before, at] = [await findWriteError(store), failing, store.now()]
    failing = error === null ? null : { error, since: before?.since ?? at }
    // A lock, or a restart of PostgreSQL, is usually over by the next check.
    if (error !== null && before === null) return
    const details = { code: 'store_failing', since: null, error: (failing ?? before)?.error ?? '', ...place } as const
    const finding: Finding = { condition: 'store.failing', subject: 'database', details }
    const state = failing === null ? 'resolved' : 'firing'
    log(finding, state, at)
    if ((notifiedFailure === null) === (failing === null)) return
    const alert = alertFrom(finding, state, { since: notifiedFailure?.since ?? failing?.since ?? at, at })
    if (await notifyNow(alert)) notifiedFailure = failing === null ? null : alert
  }

  const checkTroubles = async (): Promise<void> => {
    const [stats, firing] = await Promise.all([store.stats(), store.firingAlerts()])
    const { at } = stats
    logCommands(stats)
    const present = new Map(
      troublesOf({ stats, writeError: null, isServed: true }).flatMap(trouble => {
        const finding = alertOf(trouble)
        return finding === null ? [] : [[subjectKey(finding), finding]]
      }),
    )
    const firingKeys = new Set(firing.map(subjectKey))
    for (const [key, finding] of present) {
      log(finding, 'firing', at)
      if (!firingKeys.has(key)) note({ ...finding, at, adds: 0 } as Observation)
    }
    const absent = [...firing, ...logged.values()].filter(one => stats.nodes.every(({ name }) => name !== one.subject))
    missing = new Map(absent.map(({ subject }) => [subject, missing.get(subject) ?? at]))
    const isOver = (one: Pick<Finding, 'condition' | 'subject'>) =>
      ALERT_KINDS[one.condition].isFound && !present.has(subjectKey(one)) && !isUnknown(one, stats, missing)
    for (const alert of logged.values()) if (isOver(alert)) log(alert, 'resolved', at)
    for (const one of firing) if (isOver(one)) note({ ...one, at, adds: 0, details: null })

    // Each check counts the messages of one partner, so that it costs no more with many.
    const exhausted = firing.filter(one => one.condition === 'message.exhausted' && one.at > at - WATCHED_MS)
    const next = exhausted[checks++ % exhausted.length]
    if (!next) return
    // What was given up before the alert began, which may have begun anew, is not delivered either.
    const left = await store.givenUpOf(next.subject, at - WATCHED_MS - GIVEN_UP_MS)
    if (isNone(left)) note({ ...next, at, adds: 0, details: null })
  }

  let checking: Promise<void> | null = null
  let isRequested = false

  const run = async (): Promise<void> => {
    while (isRequested) {
      isRequested = false
      // A database that cannot be read cannot be written: `checkWriting` reports it, and the next check comes soon.
      await checkWriting()
        .then(checkTroubles)
        .catch(() => {})
    }
    checking = null
  }

  return {
    /** Runs a check, or one more after the check under way. */
    check: (): Promise<void> => {
      isRequested = true
      checking ??= run()
      return checking
    },
  }
}
