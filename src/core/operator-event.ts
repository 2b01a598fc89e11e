import { HOUR, MINUTE } from './duration.ts'
import type { Trouble, TroubleCode } from './trouble.ts'

type TroubleOf<Code extends TroubleCode> = Extract<Trouble, { code: Code }>

/** `partnerName` is looked up when it is told. */
interface Whose {
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
  'callback.failing': Whose & { since: number; error: string }
  /** `erasedFrom`: when RETENTION begins to erase what is held, about; an event of an earlier version has none. */
  'callback.disabled': Whose & { since: number; error: string; erasedFrom?: number }
  /** Subject: the partner. `host` and `error` are of the last one; an event of an earlier version has no `error`. */
  'message.exhausted': Whose & { error?: string }
  /** Subject: the node's name. */
  'node.lost': TroubleOf<'node_lost'>
  'node.differs': TroubleOf<'node_differs'>
  'clock.wrong': TroubleOf<'clock_wrong'>
  'backup.failed': TroubleOf<'backup_failed'>
  /** Subject: `disk`. */
  'disk.low': TroubleOf<'disk_low'>
  /** Subject: `database`. Nothing can be written there, for whatever reason. */
  'store.failing': TroubleOf<'store_failing'>
}

export type OperatorCondition = keyof OperatorDetails

/**
 * By what name operators are told of its end. Null: it is something that happens, and has no end; it is over when an hour has passed
 * without another one.
 */
const OPERATOR_CONDITIONS = {
  'account.paused': 'account.resumed',
  'upstream.unreachable': 'upstream.back',
  'upstream.unknown_status': null,
  'backlog.growing': 'backlog.gone',
  'callback.failing': 'callback.failing',
  'callback.disabled': 'callback.disabled',
  'message.exhausted': null,
  'node.lost': 'node.lost',
  'node.differs': 'node.differs',
  'clock.wrong': 'clock.wrong',
  'backup.failed': 'backup.failed',
  'disk.low': 'disk.low',
  'store.failing': 'store.failing',
} as const satisfies Record<OperatorCondition, string | null>

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
  /** How often since then. */
  count: number
  details: OperatorDetails[OperatorCondition]
  /** What operators were told last, and when; null: nothing. */
  toldState: OperatorState | null
  toldAt: number | null
  /** When there is something to tell; null: there is nothing. */
  dueAt: number | null
}

/** Within it only the count rises. Of what only happens they are told at once where the count has grown tenfold. */
const ONCE_A_MS = HOUR
/** What begins again within the hour, and after its end was told, is told once it has lasted for so long. */
const AGAIN_MS = 5 * MINUTE

/** Their ends say that it is not so any more, not that it works: a URL was registered anew, or nobody has used it, a node forgotten. */
const NEUTRAL_ENDS: ReadonlySet<string> = new Set(['callback.failing', 'callback.disabled', 'node.lost'])

/** Whether it tells that something works again. */
export const isGoodNews = ({ type, state }: { type: string; state: OperatorState }): boolean =>
  state === 'resolved' && !NEUTRAL_ENDS.has(type)

/** All names by which operators are told of something. */
export const OPERATOR_EVENT_TYPES: readonly string[] = [
  ...new Set(Object.entries(OPERATOR_CONDITIONS).flatMap(([condition, end]) => [condition, end ?? condition])),
]

/** The name by which operators are told of it: that of its end, once it is over. */
export const operatorEventType = ({ condition, state }: Pick<OperatorEvent, 'condition' | 'state'>): string =>
  state === 'firing' ? condition : (OPERATOR_CONDITIONS[condition] ?? condition)

/** When the hour ends that began when operators were told. What was told before a step of the clock back was told just now. */
const hourEnd = ({ toldAt }: Pick<OperatorEvent, 'toldAt'>, now: number): number =>
  Math.min(toldAt ?? now, now) + ONCE_A_MS

const isOver = (known: OperatorEvent, now: number): boolean =>
  known.state === 'resolved' ||
  (OPERATOR_CONDITIONS[known.condition] === null && known.dueAt === null && hourEnd(known, now) <= now)

/** They were told of an end within the hour. */
const wasEndTold = (known: OperatorEvent | null, now: number): boolean =>
  known?.toldState === 'resolved' && hourEnd(known, now) > now

const begun = (note: OperatorNote & { details: object }, known: OperatorEvent | null, now: number): OperatorEvent => {
  const { condition, subject, at, adds, details } = note
  return {
    condition,
    subject,
    state: 'firing',
    since: 'since' in details && typeof details.since === 'number' ? details.since : at,
    at,
    count: Math.max(1, adds),
    details,
    toldState: known?.toldState ?? null,
    toldAt: known?.toldAt ?? null,
    dueAt: wasEndTold(known, now) ? now + AGAIN_MS : now,
  }
}

const digitsOf = (count: number): number => String(count).length
const hasGrown = ({ condition }: Pick<OperatorEvent, 'condition'>, from: number, to: number): boolean =>
  OPERATOR_CONDITIONS[condition] === null && digitsOf(to) > digitsOf(from)

/** It goes on: what is added within the hour is told at its end, unless it is told before. */
const goneOn = (note: OperatorNote & { details: object }, known: OperatorEvent, now: number): OperatorEvent | null => {
  const wasOver = known.state === 'resolved'
  const { at, adds, details } = note
  if (adds === 0 && !wasOver) return null
  const count = known.count + adds
  const repeatAt = adds === 0 ? null : Math.max(now, hourEnd(known, now))
  const dueAt = wasOver ? repeatAt : (known.dueAt ?? repeatAt)
  const grown = hasGrown(known, known.count, count) ? { dueAt: now } : { dueAt }
  return { ...known, state: 'firing', at, count, details, ...grown }
}

const ended = ({ at }: OperatorNote, known: OperatorEvent | null, now: number): OperatorEvent | null => {
  // What is older than the last that was seen of it, as a look that took long, says nothing. After a step of the clock it does.
  if (known === null || known.state === 'resolved' || at < Math.min(known.at, now)) return null
  // Nobody was told that it had begun again, and was to be told yet.
  const isUntold = wasEndTold(known, now) && known.dueAt !== null && known.dueAt > now
  return { ...known, state: 'resolved', at, dueAt: isUntold ? null : now }
}

/** The event once this is noted; null: nothing changes. */
export const afterNote = (known: OperatorEvent | null, note: OperatorNote, now: number): OperatorEvent | null => {
  if (note.details === null) return ended(note, known, now)
  const firing = note as OperatorNote & { details: object }
  if (known === null) return begun(firing, null, now)
  // Its end has not been told yet: it has not ended.
  const isSame = known.state === 'resolved' && known.toldState === 'firing'
  return isSame || !isOver(known, now) ? goneOn(firing, known, now) : begun(firing, known, now)
}

/**
 * Once operators have been told.
 *
 * @param told the state and the count that they were told of: more may have been noted since
 */
export const afterTold = (
  { condition, state, count }: OperatorEvent,
  told: Pick<OperatorEvent, 'state' | 'count'>,
  now: number,
): Pick<OperatorEvent, 'toldState' | 'toldAt' | 'dueAt'> => {
  const after = { toldState: told.state, toldAt: now }
  if (state === told.state)
    return {
      ...after,
      dueAt: hasGrown({ condition }, told.count, count) ? now : count > told.count ? now + ONCE_A_MS : null,
    }
  return { ...after, dueAt: state === 'resolved' ? now : now + AGAIN_MS }
}

/** What is due later than this was put so before the clock was set back. */
export const LONGEST_OPERATOR_WAIT_MS = 2 * ONCE_A_MS

/** What concerns all, before what concerns an account, before what concerns a partner, who may have caused it. */
const SEVERITY: Readonly<Record<OperatorCondition, number>> = {
  ...{ 'store.failing': 0, 'disk.low': 0, 'node.lost': 0, 'clock.wrong': 0, 'backlog.growing': 0, 'backup.failed': 0 },
  // A differing node works: it comes after what does not.
  ...{ 'account.paused': 1, 'upstream.unreachable': 1, 'upstream.unknown_status': 1, 'node.differs': 1 },
  ...{ 'callback.disabled': 2, 'callback.failing': 2, 'message.exhausted': 2 },
}

type Ranked = Pick<OperatorEvent, 'condition' | 'dueAt'> & { id: number }

/** In which order events are told: the gravest first, and of these the longest due. */
export const byUrgency = (a: Ranked, b: Ranked): number =>
  SEVERITY[a.condition] - SEVERITY[b.condition] || (a.dueAt ?? 0) - (b.dueAt ?? 0) || a.id - b.id

/** So many events are kept, and of one partner. */
export const MOST_OPERATOR_EVENTS = 1_000
export const MOST_EVENTS_OF_A_PARTNER = 50

type Kept = Pick<OperatorEvent, 'condition' | 'state' | 'toldState' | 'dueAt' | 'at' | 'details'>

/** It is over and told; what only happens has no end to wait for. */
const isDone = ({ condition, state, dueAt }: Kept): boolean =>
  dueAt === null && (state === 'resolved' || OPERATOR_CONDITIONS[condition] === null)

/** Which go first: those that are over and told, then those of partners; of each those with nothing to tell, the oldest first. */
const byWorth = (a: Kept, b: Kept): number => {
  const rank = (event: Kept): number[] => [
    isDone(event) ? 0 : 1,
    -SEVERITY[event.condition],
    event.dueAt === null ? 0 : 1,
    event.state === 'resolved' ? 0 : 1,
    event.at,
  ]
  const ranks = rank(b)
  return (
    rank(a)
      .map((one, at) => one - (ranks[at] ?? 0))
      .find(difference => difference !== 0) ?? 0
  )
}

/** Of one partner: those that are over and told, then the newest that nobody has been told of, so that what was told has its end told. */
const byNews = (a: Kept, b: Kept): number => {
  const rank = (event: Kept): number => (isDone(event) ? 0 : event.toldState === null ? 1 : 2)
  return rank(a) - rank(b) || (rank(a) === 1 ? b.at - a.at : a.at - b.at)
}

const partnerOf = ({ details }: Kept): string | null => ('partnerId' in details ? details.partnerId : null)

/** Which have to go where there are more than may be, of all or of a partner. */
export const overflowing = <Event extends Kept>(events: readonly Event[]): Event[] => {
  const cut = (some: readonly Event[], order: typeof byWorth, most: number) =>
    some.length <= most ? [] : some.toSorted(order).slice(0, some.length - most)
  const ofPartners = Map.groupBy(events, partnerOf)
  ofPartners.delete(null)
  const tooMany = [...ofPartners.values()].flatMap(some => cut(some, byNews, MOST_EVENTS_OF_A_PARTNER))
  const gone = new Set(tooMany)
  return [
    ...tooMany,
    ...cut(
      events.filter(event => !gone.has(event)),
      byWorth,
      MOST_OPERATOR_EVENTS,
    ),
  ]
}
