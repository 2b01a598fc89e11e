import { codeOf } from '../../core/error.ts'
import { describeCode, unavailable } from '../unavailable.ts'

/**
 * What an error means for whoever waits. `again`: the same may work at once, as after a deadlock or a restart of the server.
 * `passing`: not now, as on a full disk. Null: the statement is wrong.
 */
export type Failure = 'again' | 'passing' | null

/**
 * SQLSTATEs, what Node calls an error of a socket, and names for what pg gives no code. Of what may be run again: 0A000,
 * since a migration may have changed what a prepared statement returns.
 */
const AGAIN = /^(40001|40P01|57P0[123]|08\w{3}|25P0[34]|0A000|26000|42P05|ECONNRESET|ECONNREFUSED|EPIPE|LOST|TIMEOUT)$/
const PASSING = /^(25006|53\w{3}|57\w{3}|58\w{3}|55\w{3}|XX00[012]|3D000|28\w{3}|E(?!RR_)[A-Z_]+|EXHAUSTED)$/

/** The messages of pg that have no code. */
const NAMES: readonly (readonly [message: RegExp, name: string])[] = [
  [/^timeout exceeded when trying to connect/, 'EXHAUSTED'],
  [/^Query read timeout/, 'TIMEOUT'],
  [
    /^(Connection terminated|Connection ended|Client has encountered a connection error|Client was closed|timeout expired)/,
    'LOST',
  ],
]

/** The SQLSTATE, or Node's code; empty for what is neither. drizzle wraps pg's errors in its own. */
export const postgresCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return ''
  const code = codeOf(cause)
  if (typeof code === 'string' && /^[A-Z0-9_]{5,}$/.test(code)) return code
  return NAMES.find(([message]) => message.test(cause.message))?.[1] ?? ''
}

/** After it nothing is known of what was sent last. */
export const isLost = (error: unknown): boolean =>
  /^(08\w{3}|57P0[123]|25P0[34]|E(?!RR_)[A-Z_]+|LOST|TIMEOUT)$/.test(postgresCodeOf(error))

/** A statement that was prepared is not known: a pooler has given the transaction another connection of the server. */
export const isUnprepared = (error: unknown): boolean => /^(26000|42P05)$/.test(postgresCodeOf(error))

/** A new connection may lead to another server, or to the same one with nothing prepared. */
export const isOfConnection = (error: unknown): boolean =>
  isLost(error) || /^(25006|0A000)$/.test(postgresCodeOf(error))

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

export const judgeFailure = (error: unknown): Failure => {
  const code = postgresCodeOf(error)
  if (AGAIN.test(code) || isAddedTwice(error)) return 'again'
  return PASSING.test(code) ? 'passing' : null
}

/** What the caller may know. The errors of pg and drizzle carry statements and values, so none of them goes on. */
export const explain = (error: unknown): unknown => {
  const code = postgresCodeOf(error)
  const constraint = constraintOf(error)
  // A row that is still there when it was looked for again is no other node's.
  if (code !== '23505' && judgeFailure(error) !== null) return unavailable(describeCode(code))
  if (code === '' || code.startsWith('ERR_'))
    return isOfDrizzle(error) ? new Error('a statement cannot be sent') : error
  return new Error(`PostgreSQL refuses a statement: ${code}${constraint === null ? '' : ` (${constraint})`}`)
}

const constraintOf = (error: unknown): string | null => {
  const { constraint } = causeOf(error) as { constraint?: unknown }
  return typeof constraint === 'string' ? constraint : null
}

const causeOf = (error: unknown): object =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause : error) : {}

/** Its message has the statement and the values. */
const isOfDrizzle = (error: unknown): boolean => error instanceof Error && 'query' in error && 'params' in error
