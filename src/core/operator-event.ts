import { HOUR, MINUTE } from './duration.ts'
import type { Trouble, TroubleCode } from './trouble.ts'

type TroubleOf<Code extends TroubleCode> = Extract<Trouble, { code: Code }>

/** `partnerName` is looked up when it is told. */
interface Receiver {
  partnerId: string
  partnerName?: string
  host: string
}

/** What operators are told of, each with what its sentence needs beside the subject. None of it is a secret or a person's. */
export interface OperatorDetails {
  /** Subject: the account's APIID. */
  'account.paused': TroubleOf<'account_paused'>
  'upstream.unreachable': TroubleOf<'upstream_unreachable'>
  /** Subject: the account's id and the status. */
  'upstream.unknown_status': { account: string; status: string }
  /** Subject: `deliver`, or `poll` and the account's APIID. */
  'backlog.growing': TroubleOf<'polls_late' | 'deliveries_late'>
  /** Subject: the partner and the host, which may have many URLs. `error` is how the last attempt failed. */
  'callback.failing': Receiver & { since: number; error: string }
  'callback.disabled': Receiver & { since: number; error: string }
  /**
   * Subject: the partner. `host` and `error` are of the last one; `hosts`: of all, up to `MOST_HOSTS`. `left`, looked up when it is told:
   * how many are not delivered.
   */
  'message.exhausted': Receiver & { error: string; hosts?: readonly string[]; left?: number; leftIsCapped?: boolean }
  /** Subject: the node's name. */
  'node.lost': TroubleOf<'node_lost'>
  'clock.wrong': TroubleOf<'clock_wrong'>
  'backup.failed': TroubleOf<'backup_failed'>
  /** Subject: `disk`. */
  'disk.low': TroubleOf<'disk_low'>
  /** Subject: `database`. Nothing can be written there, for whatever reason. */
  'store.failing': TroubleOf<'store_failing'>
}

export type OperatorCondition = keyof OperatorDetails

interface Kind {
  /** The name by which operators are told of its end; null: it happens and has no end, and is over an hour after the last one. */
  end: string | null
  /** 0 concerns all, 1 an account, 2 a partner, who may have caused it. */
  severity: 0 | 1 | 2
  /** A condition of `troublesOf`, which a look finds to have come or gone. */
  isFound?: true
  /** No event of its own tells it in the log. */
  isLogged?: true
}

export const KINDS: Readonly<Record<OperatorCondition, Kind>> = {
  'account.paused': { end: 'account.resumed', severity: 1, isFound: true },
  'upstream.unreachable': { end: 'upstream.back', severity: 1, isFound: true },
  'upstream.unknown_status': { end: null, severity: 1 },
  'backlog.growing': { end: 'backlog.gone', severity: 0, isFound: true, isLogged: true },
  'callback.failing': { end: 'callback.failing', severity: 2 },
  'callback.disabled': { end: 'callback.disabled', severity: 2 },
  'message.exhausted': { end: null, severity: 2 },
  'node.lost': { end: 'node.lost', severity: 0, isFound: true, isLogged: true },
  'clock.wrong': { end: 'clock.wrong', severity: 0, isFound: true, isLogged: true },
  'backup.failed': { end: 'backup.failed', severity: 0, isFound: true },
  'disk.low': { end: 'disk.low', severity: 0, isFound: true, isLogged: true },
  'store.failing': { end: 'store.failing', severity: 0, isLogged: true },
}

export type OperatorState = 'firing' | 'resolved'

/** What has been seen. Times are epoch ms. */
export type OperatorNote = {
  [Condition in OperatorCondition]: {
    condition: Condition
    subject: string
    at: number
    /** How many times it has happened since the last note; 0: it is only still so. */
    adds: number
    /** Null: it is over. */
    details: OperatorDetails[Condition] | null
  }
}[OperatorCondition]

/** All that is known of a condition of one subject: what happened within an hour is one event. */
export interface OperatorEvent {
  condition: OperatorCondition
  subject: string
  state: OperatorState
  /** When it began, and when it was last noted. */
  since: number
  at: number
  /** How often it has begun, or happened, within the hour. */
  count: number
  details: OperatorDetails[OperatorCondition]
  /** What operators were told last, and when; null: nothing. */
  toldState: OperatorState | null
  toldAt: number | null
  /** When there is something to tell; null: there is nothing. */
  dueAt: number | null
}

export const subjectKey = ({ condition, subject }: Pick<OperatorEvent, 'condition' | 'subject'>): string =>
  `${condition} ${subject}`

/** All names by which operators are told of something. */
export const OPERATOR_EVENT_TYPES: readonly string[] = [
  ...new Set(Object.entries(KINDS).flatMap(([condition, { end }]) => [condition, end ?? condition])),
]

/** The name by which operators are told of it: that of its end, once it is over. */
export const operatorEventType = ({ condition, state }: Pick<OperatorEvent, 'condition' | 'state'>): string =>
  state === 'firing' ? condition : (KINDS[condition].end ?? condition)

/** Within it only the count rises. */
const ONCE_A_MS = HOUR
/** No event, and no channel, waits longer: what lies further ahead was put off before the clock was set back, and is due now. */
export const LONGEST_WAIT_MS = HOUR
/** What begins again within the hour, and after its end was told, is told once it has lasted for so long. */
export const AGAIN_MS = 5 * MINUTE

const hourEnd = ({ toldAt }: Pick<OperatorEvent, 'toldAt'>, now: number): number => (toldAt ?? now) + ONCE_A_MS

const sinceOf = ({ at, details }: OperatorNote): number =>
  details !== null && 'since' in details && typeof details.since === 'number' ? details.since : at

type Firing = OperatorNote & { details: object }

const begun = (note: Firing, known: OperatorEvent | null, now: number): OperatorEvent => {
  const { condition, subject, at, adds, details } = note
  const told = { toldState: known?.toldState ?? null, toldAt: known?.toldAt ?? null }
  const event = { condition, subject, state: 'firing', since: sinceOf(note), at, details, ...told } as const
  const isAgain = known?.toldState === 'resolved' && hourEnd(known, now) > now
  return isAgain
    ? { ...event, count: known.count + 1, dueAt: now + AGAIN_MS }
    : { ...event, count: Math.max(1, adds), dueAt: now }
}

/** So many hosts of a partner are told one by one. */
const MOST_HOSTS = 10

const hostsOf = ({ condition, details }: Pick<OperatorEvent, 'condition' | 'details'>): readonly string[] => {
  if (condition !== 'message.exhausted' || !('host' in details)) return []
  return 'hosts' in details && details.hosts ? details.hosts : [details.host]
}

type Amount = Pick<OperatorEvent, 'condition' | 'count' | 'details'>

/** What has no end is told again before its hour is over: at 10, 100, 1,000 …, and where it happens at another host. */
const isWorse = (after: Amount, before: Amount): boolean =>
  KINDS[after.condition].end === null &&
  (`${after.count}`.length > `${before.count}`.length || hostsOf(after).length > hostsOf(before).length)

/** What is added is told when the hour is over, or with the end, unless it is much. */
const continued = (note: Firing, known: OperatorEvent, now: number): OperatorEvent | null => {
  const { at, adds } = note
  const isBack = known.state === 'resolved'
  if (adds === 0 && !isBack) return null
  const count = known.count + Math.max(adds, isBack ? 1 : 0)
  const hosts = [...new Set([...hostsOf(known), ...hostsOf(note)])].slice(0, MOST_HOSTS)
  const details = hosts.length > 1 ? { ...note.details, hosts } : note.details
  const after = { ...known, state: 'firing', at, count, details } as const
  if (isWorse(after, known)) return { ...after, dueAt: now }
  return { ...after, dueAt: isBack || known.dueAt === null ? Math.max(now, hourEnd(known, now)) : known.dueAt }
}

const ended = ({ at }: OperatorNote, known: OperatorEvent | null, now: number): OperatorEvent | null => {
  if (known === null || known.state === 'resolved') return null
  // Its last end was told, and nobody has heard that it had begun again; or nobody has heard of what has no end.
  const isUntold = known.toldState === 'resolved' || (known.toldState === null && KINDS[known.condition].end === null)
  return { ...known, state: 'resolved', at, dueAt: isUntold ? null : now }
}

/** The event once this is noted; null: nothing changes. */
export const afterNote = (known: OperatorEvent | null, note: OperatorNote, now: number): OperatorEvent | null => {
  // Somebody else has seen it later. After a step of the clock what was seen then lies ahead.
  if (known !== null && known.at <= now && note.at < known.at) return null
  if (note.details === null) return ended(note, known, now)
  const firing = note as Firing
  if (known === null) return begun(firing, null, now)
  const isOver =
    known.state === 'resolved'
      ? known.toldState !== 'firing'
      : KINDS[known.condition].end === null && known.dueAt === null && hourEnd(known, now) <= now
  return isOver ? begun(firing, known, now) : continued(firing, known, now)
}

/**
 * Once operators have been told.
 *
 * @param told what they were told of: more may have been noted since
 */
export const afterTold = (
  event: OperatorEvent,
  told: Amount & Pick<OperatorEvent, 'state'>,
  now: number,
): Pick<OperatorEvent, 'toldState' | 'toldAt' | 'dueAt'> => {
  const { state, count } = event
  const after = { toldState: told.state, toldAt: now }
  if (state === told.state && isWorse(event, told)) return { ...after, dueAt: now }
  if (state === told.state) return { ...after, dueAt: count > told.count ? now + ONCE_A_MS : null }
  return { ...after, dueAt: state === 'resolved' ? now : now + AGAIN_MS }
}

type Ranked = Pick<OperatorEvent, 'condition' | 'dueAt'> & { id: number }

/** In which order events are told: the gravest first, and of these the longest due. */
export const byUrgency = (a: Ranked, b: Ranked): number =>
  KINDS[a.condition].severity - KINDS[b.condition].severity || (a.dueAt ?? 0) - (b.dueAt ?? 0) || a.id - b.id

/** So many events are kept. */
export const MOST_OPERATOR_EVENTS = 1_000
