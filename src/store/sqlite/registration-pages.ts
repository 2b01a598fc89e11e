import type Database from 'better-sqlite3'
import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import { matches } from '../rules/registration-view.ts'
import type { RegistrationQuery } from '../store.ts'
import type { Context } from './context.ts'

/** After every id. */
const END = '~'

/** How many registrations of a serial one statement looks at. */
const SERIAL_WINDOW = 250

type Filter = Pick<RegistrationQuery, 'status' | 'delivery'>
interface Parameters {
  partnerId: string
  before: string
  limit: number
}
interface SerialRow {
  id: string
  status: RegistrationStatus
  state: MessageState | null
}

/**
 * The ids of a page, the newest first. Each question goes by the index that has its answer in order, so that a page costs
 * the same however much its partner has. The pluses keep SQLite from compiling the statement anew for each value.
 */
export const createRegistrationPages = ({ client }: Pick<Context, 'client'>) => {
  const statements = new Map<string, Database.Statement<Parameters, string>>()
  const statementFor = (filter: Filter) => {
    const key = `${filter.status} ${filter.delivery}`
    const known = statements.get(key) ?? client.prepare<Parameters, string>(textOf(filter)).pluck()
    statements.set(key, known)
    return known
  }
  /** From the serial to its registrations: the pluses keep SQLite from going through all of the partner's instead. */
  const ofSerial = client.prepare<Parameters & { idcardid: string }, SerialRow>(`
    SELECT r.id, r.status, m.state
    FROM verifications v CROSS JOIN registrations r ON r.verification_id = v.id
      LEFT JOIN messages m ON m.seq = r.message_seq
    WHERE v.idcardid = +@idcardid AND +r.partner_id = @partnerId AND +r.id < @before
    ORDER BY r.id DESC LIMIT +@limit`)

  const serialPage = (parameters: Parameters & { idcardid: string }, filter: Filter): string[] => {
    const page: string[] = []
    let { before } = parameters
    while (page.length < parameters.limit) {
      const rows = ofSerial.all({ ...parameters, before, limit: SERIAL_WINDOW })
      const found = rows.filter(({ status, state }) => matches({ status, message: state && { state } }, filter))
      page.push(...found.map(({ id }) => id))
      if (rows.length < SERIAL_WINDOW) break
      before = rows.at(-1)?.id ?? before
    }
    return page.slice(0, parameters.limit)
  }

  return (partnerId: string, { idcardid, status, delivery, limit, before }: RegistrationQuery): string[] => {
    const parameters = { partnerId, before: before ?? END, limit }
    return idcardid === null
      ? statementFor({ status, delivery }).all(parameters)
      : serialPage({ ...parameters, idcardid }, { status, delivery })
  }
}

const textOf = ({ status, delivery }: Filter): string => {
  const statuses = status === null ? REGISTRATION_STATUSES : [status]
  // What has not ended has no message, so nothing of it is delivered.
  if (delivery === 'delivered')
    return merged(statuses.filter(one => one !== 'pending').map(one => listPage(one, DELIVERED)))
  if (delivery === null) return merged(statuses.map(one => listPage(one)))
  // Those without a message count as `deliveryWithoutMessage` says.
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
