import { codeOf } from '../../core/error.ts'
import type { StoreError } from '../stats/stats.ts'
import { unavailableBy } from '../unavailable.ts'

/**
 * Meaning of an error for the caller. `again`: a retry may succeed at once, as after a deadlock or a restart of the
 * server. `passing`: a later call may succeed, as after a full disk. Null: the statement is wrong.
 */
export type Failure = 'again' | 'passing' | null

/**
 * State of a connection after an error. `lost`: the fate of the last statement is unknown. `stale`: to be replaced by a
 * new connection, which may lead to another server and has no prepared statements. `unprepared`: a prepared statement
 * is missing, since a pooler has switched the server connection. Undefined: usable.
 */
type ConnectionState = 'lost' | 'stale' | 'unprepared' | undefined

/**
 * By SQLSTATE, Node's code of a socket error, or a name of `NAMES`; the first match counts. A damaged row fails each
 * time, so corruption is not `passing`.
 */
const CLASSES: readonly (readonly [codes: RegExp, failure: Failure, kind: StoreError, connection?: ConnectionState])[] =
  [
    [/^(40001|40P01)$/, 'again', 'serialization'],
    [/^(25P0[34]|TIMEOUT)$/, 'again', 'timeout', 'lost'],
    [/^(08\w{3}|57P0[123]|ECONNRESET|ECONNREFUSED|EPIPE|LOST)$/, 'again', 'connection', 'lost'],
    // A migration may have changed what a prepared statement returns.
    [/^0A000$/, 'again', 'other', 'stale'],
    [/^(26000|42P05)$/, 'again', 'other', 'unprepared'],
    [/^(53300|55P03|EXHAUSTED)$/, 'passing', 'busy'],
    [/^57014$/, 'passing', 'timeout'],
    [/^53100$/, 'passing', 'full'],
    [/^25006$/, 'passing', 'read_only', 'stale'],
    [/^(57P\w{2}|E(?!RR_)[A-Z_]+)$/, 'passing', 'connection', 'lost'],
    [/^58\w{3}$/, 'passing', 'io'],
    [/^((28|53|55|57)\w{3}|3D000)$/, 'passing', 'other'],
    [/^XX00[12]$/, null, 'corrupt'],
  ]

/** Names for pg's errors without a code, by message. */
const NAMES: readonly (readonly [message: RegExp, name: string])[] = [
  [/^timeout exceeded when trying to connect/, 'EXHAUSTED'],
  [/^Query read timeout/, 'TIMEOUT'],
  [
    /^(Connection terminated|Connection ended|Client has encountered a connection error|Client was closed|timeout expired)/,
    'LOST',
  ],
]

/** Whether pg knew that the connection was gone, and sent nothing. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof Error && /^Client (has encountered a connection error|was closed)/.test(error.message)

/**
 * Returns the SQLSTATE, Node's code or a name of `NAMES`; '' for other errors. drizzle wraps pg's errors in its own.
 */
export const postgresCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return ''
  const code = codeOf(cause)
  if (typeof code === 'string' && /^[A-Z0-9_]{5,}$/.test(code)) return code
  return NAMES.find(([message]) => message.test(cause.message))?.[1] ?? ''
}

const classOf = (error: unknown) => CLASSES.find(([codes]) => codes.test(postgresCodeOf(error)))

/** The kind under which an error is counted. */
export const storeErrorOf = (error: unknown): StoreError => classOf(error)?.[2] ?? 'other'

export const connectionAfter = (error: unknown): ConnectionState => classOf(error)?.[3]

/** An error like the server's own for a write that it refuses. */
export const readOnly = (): Error => Object.assign(new Error('this server is a standby'), { code: '25006' })

/** Errors while connecting, a bad certificate included, may pass: an error without a class becomes `LOST`. */
export const unreachable = (error: unknown): unknown =>
  judgeFailure(error) === null ? Object.assign(new Error('no connection'), { code: 'LOST' }) : error

/** Constraints of random ids: a retry inserts the same id, and fails again. */
const OF_AN_ID = /_pkey$|^registrations_id_unique$/

/** Whether another node may have added the same row; a retry finds it. */
const isAddedTwice = (error: unknown): boolean =>
  postgresCodeOf(error) === '23505' && !OF_AN_ID.test(constraintOf(error) ?? '')

export const judgeFailure = (error: unknown): Failure => (isAddedTwice(error) ? 'again' : (classOf(error)?.[1] ?? null))

/** Returns the error for the caller. Errors of pg and drizzle contain statements and values, so they are replaced. */
export const errorForCaller = (error: unknown): unknown => {
  const code = postgresCodeOf(error)
  const constraint = constraintOf(error)
  // A unique violation that outlasts the retries is not caused by another node.
  if (code !== '23505' && judgeFailure(error) !== null) return unavailableBy(code, storeErrorOf(error))
  if (code === '' || code.startsWith('ERR_'))
    return isOfDrizzle(error) ? new Error('a statement cannot be sent') : error
  const of = constraint === null ? '' : ` (${constraint})`
  return new Error(`PostgreSQL refuses a statement: ${code}${of}`, { cause: { code } })
}

const constraintOf = (error: unknown): string | null => {
  const { constraint } = causeOf(error) as { constraint?: unknown }
  return typeof constraint === 'string' ? constraint : null
}

const causeOf = (error: unknown): object =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause : error) : {}

/** drizzle's message contains the statement and its values. */
const isOfDrizzle = (error: unknown): boolean => error instanceof Error && 'query' in error && 'params' in error
