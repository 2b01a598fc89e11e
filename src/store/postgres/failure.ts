import { codeOf } from '../../core/error.ts'
import type { StoreError } from '../stats/stats.ts'
import { unavailableBy } from '../unavailable.ts'

/**
 * What an error means for whoever waits. `again`: the same may work at once, as after a deadlock or a restart of the server.
 * `passing`: not now, as on a full disk. Null: the statement is wrong.
 */
export type Failure = 'again' | 'passing' | null

/**
 * `lost`: nothing is known of what was sent last. `stale`: a new connection may lead to another server, or to the same one with nothing
 * prepared. `unprepared`: a statement that was prepared is not known, since a pooler has given the transaction another connection of the
 * server. Undefined: it goes on.
 */
type ConnectionState = 'lost' | 'stale' | 'unprepared' | undefined

/**
 * SQLSTATEs, what Node calls an error of a socket, and names for what pg gives no code; the first that fits. A row that is damaged fails
 * each time, so that does not pass.
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

/** The messages of pg that have no code. */
const NAMES: readonly (readonly [message: RegExp, name: string])[] = [
  [/^timeout exceeded when trying to connect/, 'EXHAUSTED'],
  [/^Query read timeout/, 'TIMEOUT'],
  [
    /^(Connection terminated|Connection ended|Client has encountered a connection error|Client was closed|timeout expired)/,
    'LOST',
  ],
]

/** As pg says of a connection that it knows is gone: nothing was sent any more. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof Error && /^Client (has encountered a connection error|was closed)/.test(error.message)

/** The SQLSTATE, or Node's code; empty for what is neither. drizzle wraps pg's errors in its own. */
export const postgresCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return ''
  const code = codeOf(cause)
  if (typeof code === 'string' && /^[A-Z0-9_]{5,}$/.test(code)) return code
  return NAMES.find(([message]) => message.test(cause.message))?.[1] ?? ''
}

const classOf = (error: unknown) => CLASSES.find(([codes]) => codes.test(postgresCodeOf(error)))

/** By what an error is counted. */
export const storeErrorOf = (error: unknown): StoreError => classOf(error)?.[2] ?? 'other'

export const connectionAfter = (error: unknown): ConnectionState => classOf(error)?.[3]

/** As the server's own: it takes no writes. */
export const readOnly = (): Error => Object.assign(new Error('this server is a standby'), { code: '25006' })

/** Whatever keeps a connection from being opened, a certificate too, may pass. */
export const unreachable = (error: unknown): unknown =>
  judgeFailure(error) === null ? Object.assign(new Error('no connection'), { code: 'LOST' }) : error

/** Ids are drawn at random: one that is there already will be there the next time too. */
const OF_AN_ID = /_pkey$|^registrations_id_unique$/

/** Two nodes have added the same row: whoever looks once more finds that of the other. */
const isAddedTwice = (error: unknown): boolean =>
  postgresCodeOf(error) === '23505' && !OF_AN_ID.test(constraintOf(error) ?? '')

export const judgeFailure = (error: unknown): Failure => (isAddedTwice(error) ? 'again' : (classOf(error)?.[1] ?? null))

/** What the caller may know. The errors of pg and drizzle carry statements and values, so none of them goes on. */
export const explain = (error: unknown): unknown => {
  const code = postgresCodeOf(error)
  const constraint = constraintOf(error)
  // A row that is still there when it was looked for again is no other node's.
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

/** Its message has the statement and the values. */
const isOfDrizzle = (error: unknown): boolean => error instanceof Error && 'query' in error && 'params' in error
