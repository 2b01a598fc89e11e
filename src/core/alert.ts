import { HOUR, MINUTE } from './duration.ts'
import type { Trouble, TroubleCode } from './trouble.ts'

type TroubleOf<Code extends TroubleCode> = Extract<Trouble, { code: Code }>

/** `partnerName` is looked up when the notice is sent. */
interface Receiver {
  partnerId: string
  partnerName?: string
  host: string
}

/** Conditions of alerts, each with the details of its sentence beside the subject. No secrets or personal data. */
export interface AlertDetails {
  /** Subject: the account's APIID. */
  'account.paused': TroubleOf<'account_paused'>
  'upstream.unreachable': TroubleOf<'upstream_unreachable'>
  'upstream.slow': TroubleOf<'upstream_slow'>
  /** Subject: the account's id and the status. */
  'upstream.unknown_status': { account: string; status: string }
  /** Subject: `deliver`, or `poll` and the account's APIID. */
  'backlog.growing': TroubleOf<'polls_late' | 'deliveries_late'>
  /** Subject: the partner and the host, which may have many URLs. `error` is that of the last attempt. */
  'callback.failing': Receiver & { since: number; error: string }
  'callback.disabled': Receiver & { since: number; error: string }
  /**
   * Subject: the partner. `host` and `error` are of the last message; `hosts`: the hosts of all, up to `MAX_HOSTS`.
   * Looked up when the notice is sent: `left`, the number of messages that are still given up; `resent`, of those that are
   * resent and not delivered yet.
   */
  'message.exhausted': Receiver & { error: string; hosts?: readonly string[] } & Partial<
      Record<'left' | 'resent', number> & Record<'leftIsCapped' | 'resentIsCapped', boolean>
    >
  /** Subject: the node's name. */
  'node.lost': TroubleOf<'node_lost'>
  'clock.wrong': TroubleOf<'clock_wrong'>
  'backup.failed': TroubleOf<'backup_failed'>
  'backup.stale': TroubleOf<'backup_stale'>
  /** Subject: `disk`. */
  'disk.low': TroubleOf<'disk_low'>
  /** Subject: `database`. Writes to it fail, for any reason. */
  'store.failing': TroubleOf<'store_failing'>
}

export type AlertCondition = keyof AlertDetails

interface Kind {
  /** Type name of the notice about its end. Null: it has no end, and counts as over an hour after its last notice. */
  end: string | null
  /** 0 concerns the whole service, 1 an account, 2 a partner, which may itself be the cause. */
  severity: 0 | 1 | 2
  /** Logged as `operator.event`, because no other event logs it. */
  isLogged?: true
}

/** `isFound`, of a trouble: the periodic check finds that it fires or is over. */
export const ALERT_KINDS: {
  readonly [Of in AlertCondition]: Kind &
    (AlertDetails[Of] extends Trouble ? { isFound: boolean } : { isFound?: never })
} = {
  'account.paused': { end: 'account.resumed', severity: 1, isFound: true },
  'upstream.unreachable': { end: 'upstream.back', severity: 1, isFound: true },
  'upstream.slow': { end: 'upstream.slow', severity: 1, isFound: true, isLogged: true },
  'upstream.unknown_status': { end: null, severity: 1 },
  'backlog.growing': { end: 'backlog.gone', severity: 0, isFound: true, isLogged: true },
  'callback.failing': { end: 'callback.failing', severity: 2 },
  'callback.disabled': { end: 'callback.disabled', severity: 2 },
  'message.exhausted': { end: null, severity: 2 },
  'node.lost': { end: 'node.lost', severity: 0, isFound: true, isLogged: true },
  'clock.wrong': { end: 'clock.wrong', severity: 0, isFound: true, isLogged: true },
  'backup.failed': { end: 'backup.failed', severity: 0, isFound: true },
  'backup.stale': { end: 'backup.stale', severity: 0, isFound: true, isLogged: true },
  'disk.low': { end: 'disk.low', severity: 0, isFound: true, isLogged: true },
  'store.failing': { end: 'store.failing', severity: 0, isFound: false, isLogged: true },
}

export type AlertState = 'firing' | 'resolved'

/** An observation of a condition. Times are epoch ms. */
export type Observation = {
  [Condition in AlertCondition]: {
    condition: Condition
    subject: string
    at: number
    /** How often it has happened since the last observation; 0: it only continues. */
    adds: number
    /** Null if it is over. */
    details: AlertDetails[Condition] | null
  }
}[AlertCondition]

/** Alert: the stored record of a condition of one subject. Occurrences within an hour are one alert. */
export interface Alert {
  condition: AlertCondition
  subject: string
  state: AlertState
  /** When it began, and when it was last observed. */
  since: number
  at: number
  /** How often it began or happened within the hour. */
  count: number
  details: AlertDetails[AlertCondition]
  /** State in the last notice, and its time; null if none was sent. */
  toldState: AlertState | null
  toldAt: number | null
  /** When the next notice is due, or null if none is. */
  dueAt: number | null
}

export const subjectKey = ({ condition, subject }: Pick<Alert, 'condition' | 'subject'>): string =>
  `${condition} ${subject}`

/** Type names of all notices. */
export const ALERT_TYPES: readonly string[] = [
  ...new Set(Object.entries(ALERT_KINDS).flatMap(([condition, { end }]) => [condition, end ?? condition])),
]

/** Type name of the alert's notice; once the alert is resolved, that of its end. */
export const alertType = ({ condition, state }: Pick<Alert, 'condition' | 'state'>): string =>
  state === 'firing' ? condition : (ALERT_KINDS[condition].end ?? condition)

/** Minimum time between two notices of one alert; meanwhile only the count rises. */
const NOTICE_INTERVAL_MS = HOUR
/** Longest wait of an alert or channel. A due time further ahead is from before the clock was set back: due now. */
export const MAX_NOTICE_WAIT_MS = HOUR
/** How long a condition must last before it is notified again within an hour of the notice of its end. */
export const REFIRE_MS = 5 * MINUTE

const hourEnd = ({ toldAt }: Pick<Alert, 'toldAt'>, now: number): number => (toldAt ?? now) + NOTICE_INTERVAL_MS

const sinceOf = ({ at, details }: Observation): number =>
  details !== null && 'since' in details && typeof details.since === 'number' ? details.since : at

type Firing = Observation & { details: object }

const begun = (note: Firing, alert: Alert | null, now: number): Alert => {
  const { condition, subject, at, adds, details } = note
  const notice = { toldState: alert?.toldState ?? null, toldAt: alert?.toldAt ?? null }
  const event = { condition, subject, state: 'firing', since: sinceOf(note), at, details, ...notice } as const
  const isAgain = alert?.toldState === 'resolved' && hourEnd(alert, now) > now
  // Without an end of its own, `count` is what has happened since, not how often it began.
  const count = isAgain && ALERT_KINDS[condition].end !== null ? alert.count + 1 : Math.max(1, adds)
  return { ...event, count, dueAt: isAgain ? now + REFIRE_MS : now }
}

/** Maximum number of a partner's hosts in one alert. */
const MAX_HOSTS = 10

const hostsOf = ({ condition, details }: Pick<Alert, 'condition' | 'details'>): readonly string[] => {
  if (condition !== 'message.exhausted' || !('host' in details)) return []
  return 'hosts' in details && details.hosts ? details.hosts : [details.host]
}

type Amount = Pick<Alert, 'condition' | 'count' | 'details'>

/** Whether a condition without an end is notified before its hour is over: at 10, 100, 1,000 …, or at another host. */
const isWorse = (after: Amount, before: Amount): boolean =>
  ALERT_KINDS[after.condition].end === null &&
  (`${after.count}`.length > `${before.count}`.length || hostsOf(after).length > hostsOf(before).length)

/** How long the number of a condition without an end must stand, if it rose while it was told. */
const STANDS_MS = MINUTE

/**
 * Further occurrences are notified once their number stands, if it rose while it was told; else when the hour is over, or
 * with the end, unless `isWorse`.
 */
const continued = (note: Firing, alert: Alert, now: number): Alert | null => {
  const { at, adds } = note
  const isBack = alert.state === 'resolved'
  if (adds === 0 && !isBack) return null
  const count = alert.count + Math.max(adds, isBack ? 1 : 0)
  const hosts = [...new Set([...hostsOf(alert), ...hostsOf(note)])].slice(0, MAX_HOSTS)
  const details = hosts.length > 1 ? { ...note.details, hosts } : note.details
  const after = { ...alert, state: 'firing', at, count, details } as const
  if (isWorse(after, alert)) return { ...after, dueAt: now }
  const hourAt = hourEnd(alert, now)
  const isMoving =
    ALERT_KINDS[alert.condition].end === null && alert.toldState === 'firing' && now - alert.at < STANDS_MS
  if (isMoving && (alert.dueAt === null || (alert.dueAt > now && alert.dueAt < hourAt)))
    return { ...after, dueAt: Math.min(now + STANDS_MS, hourAt) }
  return { ...after, dueAt: isBack || alert.dueAt === null ? Math.max(now, hourAt) : alert.dueAt }
}

const ended = ({ at }: Observation, alert: Alert | null, now: number): Alert | null => {
  if (alert === null || alert.state === 'resolved') return null
  // No notice of this firing was sent: the last was of an earlier end, or a condition without an end had none.
  const isUntold =
    alert.toldState === 'resolved' || (alert.toldState === null && ALERT_KINDS[alert.condition].end === null)
  return { ...alert, state: 'resolved', at, dueAt: isUntold ? null : now }
}

/** Returns the alert after an observation, or null if nothing changes. */
export const afterObservation = (alert: Alert | null, note: Observation, now: number): Alert | null => {
  // A later observation is stored already. A stored time ahead of `now`, from before a step of the clock, is ignored.
  if (alert !== null && alert.at <= now && note.at < alert.at) return null
  if (note.details === null) return ended(note, alert, now)
  const firing = note as Firing
  if (alert === null) return begun(firing, null, now)
  const isOver =
    alert.state === 'resolved'
      ? alert.toldState !== 'firing'
      : ALERT_KINDS[alert.condition].end === null && alert.dueAt === null && hourEnd(alert, now) <= now
  return isOver ? begun(firing, alert, now) : continued(firing, alert, now)
}

/**
 * Returns the changes to an alert after a notice of it was sent.
 *
 * @param notice the alert as it was notified: more may have been observed since
 */
export const afterNotice = (
  event: Alert,
  notice: Amount & Pick<Alert, 'state'>,
  now: number,
): Pick<Alert, 'toldState' | 'toldAt' | 'dueAt'> => {
  const { state, count } = event
  const after = { toldState: notice.state, toldAt: now }
  if (state === notice.state && isWorse(event, notice)) return { ...after, dueAt: now }
  const waitMs = ALERT_KINDS[event.condition].end === null ? STANDS_MS : NOTICE_INTERVAL_MS
  if (state === notice.state) return { ...after, dueAt: count > notice.count ? now + waitMs : null }
  return { ...after, dueAt: state === 'resolved' ? now : now + REFIRE_MS }
}

type Ranked = Pick<Alert, 'condition' | 'dueAt'> & { id: number }

/** Sort order of due notices: gravest first, then longest due. */
export const byUrgency = (a: Ranked, b: Ranked): number =>
  ALERT_KINDS[a.condition].severity - ALERT_KINDS[b.condition].severity ||
  (a.dueAt ?? 0) - (b.dueAt ?? 0) ||
  a.id - b.id

/** Maximum number of stored alerts. */
export const MAX_ALERTS = 1_000
