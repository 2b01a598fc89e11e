import { MINUTE } from './duration.ts'
import type { VerificationStep } from './verification.ts'

/** The serials that a partner has registered, to see whether they lie side by side. Times are epoch ms. */
export interface SerialSequence {
  /** The last numeric serial, to see whether the next one is adjacent to it. */
  lastSerial: bigint | null
  /** Numeric serials in the current window. */
  serials: number
  /** How many of them were adjacent to the one before. */
  adjacent: number
  /** The operator has been warned, and is not warned again before this time. */
  suspectedUntil: number
}

export const NO_SEQUENCE: SerialSequence = { lastSerial: null, serials: 0, adjacent: 0, suspectedUntil: 0 }

/** The counters that show whether a partner enumerates other people's serials. Times are epoch ms. */
export interface EnumerationState {
  /** Serials that upstream was asked about in the current window. */
  lookups: number
  /** How many of them upstream did not know. */
  notFound: number
  /** The partner is slowed down until this time. */
  slowedUntil: number
}

export const NO_ENUMERATION: EnumerationState = { lookups: 0, notFound: 0, slowedUntil: 0 }

const SERIAL_WINDOW = 40
const MOST_ADJACENT = 30
/** Serials of real checks are far apart: they begin with the second of their submission. */
const ADJACENT_DISTANCE = 3n
const LOOKUP_WINDOW = 60
const NOT_FOUND_SHARE = 0.8
const SLOWED_MS = 10 * MINUTE

/**
 * The state after the partner has named a serial. Many adjacent serials in one window look like enumeration, and the operator
 * is warned. The partner is not slowed down: its own serials may be consecutive, as in a test.
 */
export const afterSerial = (state: SerialSequence, idcardid: string, now: number): SerialSequence => {
  // Other serials in between do not hide a sequence, and a repeated serial (for another URL) is no step in one.
  if (!/^\d{1,30}$/.test(idcardid)) return state
  const lastSerial = BigInt(idcardid)
  const distance = state.lastSerial === null ? null : lastSerial - state.lastSerial
  if (distance === 0n) return state
  const isAdjacent = distance !== null && distance >= -ADJACENT_DISTANCE && distance <= ADJACENT_DISTANCE
  const serials = state.serials + 1
  const adjacent = state.adjacent + (isAdjacent ? 1 : 0)
  if (adjacent < MOST_ADJACENT && serials < SERIAL_WINDOW) return { ...state, lastSerial, serials, adjacent }
  const nextWindow = { ...state, lastSerial, serials: 0, adjacent: 0 }
  return adjacent < MOST_ADJACENT ? nextWindow : { ...nextWindow, suspectedUntil: now + SLOWED_MS }
}

/** At its third poll a new serial has had time to become visible. */
const LOOKUP_POLLS = 3

/**
 * Whether upstream knows the serial: `found` at the first poll that shows it, `not_found` at the third that does not, or
 * earlier when it is given up. Null at every other poll, so that each serial counts once.
 *
 * @param verification as it was before this poll
 * @param step what the answer to this poll leads to
 */
export const lookupOf = (
  { seen, polls }: { seen: boolean; polls: number },
  step: Pick<VerificationStep, 'seen' | 'failures' | 'ended'>,
): 'found' | 'not_found' | null => {
  if (seen) return null
  if (step.seen) return 'found'
  const isGivenUp = polls + 1 < LOOKUP_POLLS && step.ended.some(({ reason }) => reason === 'not_found')
  const isThird = polls + 1 === LOOKUP_POLLS && step.failures === 0
  return isThird || isGivenUp ? 'not_found' : null
}

/** The state after upstream has answered about a serial of the partner. A partner whose serials mostly do not exist is suspect. */
export const afterLookup = (state: EnumerationState, isNotFound: boolean, now: number): EnumerationState => {
  const lookups = state.lookups + 1
  const notFound = state.notFound + (isNotFound ? 1 : 0)
  if (lookups < LOOKUP_WINDOW) return { ...state, lookups, notFound }
  const nextWindow = { ...state, lookups: 0, notFound: 0 }
  return notFound < NOT_FOUND_SHARE * lookups ? nextWindow : { ...nextWindow, slowedUntil: now + SLOWED_MS }
}
