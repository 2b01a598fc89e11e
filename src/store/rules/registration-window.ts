import { encodeTime } from 'ulid'
import type { MessageState } from '../../core/message.ts'
import type { Attempt } from '../registration.ts'
import type { BulkActName, FoundRegistration, RegistrationFilter } from '../registration-search.ts'
import { idTimes } from './registration-search.ts'

/** A registration as engines find it, with its message and the last attempt of that. */
export type FoundRow = Omit<FoundRegistration, 'message'> & {
  state: MessageState | null
  /** Those of the message and of the attempt are null where there is none. */
  claims: number
  attempts: number
  messageAt: number
  dueAt: number | null
  claimedAt: number | null
  n: number
  attemptAt: number | null
  durationMs: number
  outcome: Attempt['outcome']
  httpStatus: number | null
  error: string | null
}
/** Where a search has come to. `before`: a registration; null: it begins with the newest. */
export interface SearchPlace {
  filter: RegistrationFilter
  act: BulkActName | null
  before: string | null
}

/** Before and after every id. */
const START = ''
export const END = '~'
/** ULIDs are compared as text: these many characters of one are its time. */
const TIME_LENGTH = 10

/** Between which ids those that are meant are: from `from` on, and before `before`. */
export const idRangeOf = ({ filter, before }: SearchPlace): { from: string; before: string } => {
  const { from, to } = idTimes(filter)
  const end = to === null ? END : `reg_${encodeTime(to, TIME_LENGTH)}${END}`
  return {
    before: before === null || before > end ? end : before,
    from: from === null ? START : `reg_${encodeTime(from, TIME_LENGTH)}`,
  }
}

export const toFound = ({
  state,
  claims,
  attempts,
  messageAt,
  dueAt,
  claimedAt,
  n,
  attemptAt,
  durationMs,
  outcome,
  httpStatus,
  error,
  ...found
}: FoundRow): FoundRegistration => ({
  ...found,
  message: state && {
    state,
    claims,
    attempts,
    createdAt: messageAt,
    dueAt,
    claimedAt,
    lastAttempt: attemptAt === null ? null : { n, at: attemptAt, durationMs, outcome, httpStatus, error },
  },
})
