import type Database from 'better-sqlite3'
import type { RegistrationQuery, RegistrationStatus } from '../store.ts'
import type { Context } from './context.ts'
import { belongs } from './nesting.ts'

const STATUSES: readonly RegistrationStatus[] = ['pending', 'succeeded', 'failed', 'unresolved', 'cancelled']
/** After every id. */
const END = '~'

type Filter = Pick<RegistrationQuery, 'status' | 'delivery'> & { bySerial: boolean }
interface Parameters {
  partnerId: string
  idcardid: string | null
  before: string
  limit: number
}

/**
 * The ids of a page, the newest first. Each question goes by the index that has its answer in order, so that a page costs
 * the same however much its partner has; in one column after another of an index, not in all rows of a partner. The pluses
 * keep SQLite from compiling the statement anew for each value.
 */
export const createRegistrationPages = ({ client }: Pick<Context, 'client'>) => {
  const statements = new Map<string, Database.Statement<Parameters, string>>()
  const statementFor = (filter: Filter) => {
    const key = `${filter.bySerial} ${filter.status} ${filter.delivery}`
    const known = statements.get(key) ?? client.prepare<Parameters, string>(textOf(filter)).pluck()
    statements.set(key, known)
    return known
  }

  return (partnerId: string, { idcardid, status, delivery, limit, before }: RegistrationQuery): string[] =>
    statementFor({ bySerial: idcardid !== null, status, delivery }).all({
      partnerId,
      idcardid,
      before: before ?? END,
      limit,
    })
}

const textOf = ({ bySerial, status, delivery }: Filter): string => {
  if (bySerial) return serialPage(status, delivery)
  const statuses = status === null ? STATUSES : [status]
  // What has not ended has no message, so nothing of it is delivered.
  if (delivery === 'delivered')
    return merged(statuses.filter(one => one !== 'pending').map(one => listPage(one, DELIVERED)))
  if (delivery === null) return merged(statuses.map(one => listPage(one)))
  // As `toRegistration` shows it where there is no message.
  const [shown, where] = delivery === 'pending' ? (['pending', ''] as const) : (['cancelled', UNSENT] as const)
  return merged([messagePage(status, delivery), ...(statuses.includes(shown) ? [listPage(shown, where)] : [])])
}

const DELIVERED = "AND (SELECT state FROM messages WHERE seq = message_seq) = 'delivered'"
const UNSENT = 'AND message_seq IS NULL'

/** The index has the status before the id, so each status is a page of its own, and the newest of all are the answer. */
const merged = (pages: readonly string[]): string =>
  pages.length === 0
    ? 'SELECT NULL WHERE 0'
    : `SELECT id FROM (${pages.map(page => `SELECT id FROM (${page})`).join(' UNION ALL ')}) ORDER BY id DESC LIMIT +@limit`

const listPage = (status: RegistrationStatus, where = ''): string => `
  SELECT id FROM registrations WHERE partner_id = +@partnerId AND status = '${status}' AND id < +@before ${where}
  ORDER BY id DESC LIMIT +@limit`

/** By the messages that are not delivered, which are few beside those that are. */
const messagePage = (status: RegistrationStatus | null, state: 'pending' | 'exhausted'): string => `
  SELECT registration_id AS id FROM messages
  WHERE partner_id = +@partnerId AND state = '${state}' AND state <> 'delivered' AND registration_id < +@before
    ${status === null ? '' : `AND (SELECT status FROM registrations WHERE id = registration_id) = '${status}'`}
  ORDER BY registration_id DESC LIMIT +@limit`

/** From the serial to its registrations: the plus keeps SQLite from going through all of the partner's instead. */
const serialPage = (status: RegistrationStatus | null, delivery: RegistrationQuery['delivery']): string => `
  SELECT r.id FROM verifications v CROSS JOIN registrations r ON ${belongs('r.no', 'v.id')}
    LEFT JOIN messages m ON m.seq = r.message_seq
  WHERE v.idcardid = +@idcardid AND +r.partner_id = @partnerId AND +r.id < @before
    ${status === null ? '' : `AND +r.status = '${status}'`}
    ${delivery === null ? '' : `AND coalesce(m.state, CASE r.status WHEN 'cancelled' THEN 'exhausted' ELSE 'pending' END) = '${delivery}'`}
  ORDER BY r.id DESC LIMIT +@limit`
