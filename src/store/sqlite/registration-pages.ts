import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import { matches } from '../rules/registration-view.ts'
import type { RegistrationQuery } from '../store.ts'
import type { Context } from './context.ts'

/** After every id. */
const END = '~'

/** So many rows one statement looks at where not all of them match; others read in between. */
const WINDOW = 1_000

type Filter = Pick<RegistrationQuery, 'status' | 'delivery'>
interface Window {
  before: string
  limit: number
}
interface Row {
  id: string
  status: RegistrationStatus
  state: MessageState | null
}
/** Rows of one index, the newest first. */
interface Source {
  window: (window: Window) => Row[]
  isWanted: (row: Row) => boolean
}

const turn = () => new Promise(resolve => setImmediate(resolve))

/**
 * The ids of a page, the newest first. Each question goes by the indexes that have its answer in order, so that a page costs
 * the same however much its partner has, unless it matches little. The pluses keep SQLite from compiling a statement anew for
 * each value.
 */
export const createRegistrationPages = ({ client, read }: Pick<Context, 'client' | 'read'>) => {
  type Key<Name extends string> = { [key in Name | 'partnerId']: string } & Window
  const withStatus = client.prepare<Key<'status'>, Row>(`
    SELECT id, status, NULL AS state FROM registrations
    WHERE partner_id = +@partnerId AND status = +@status AND id < +@before ORDER BY id DESC LIMIT +@limit`)
  const withStatusAndState = client.prepare<Key<'status'>, Row>(`
    SELECT id, status, (SELECT state FROM messages WHERE seq = message_seq) AS state FROM registrations
    WHERE partner_id = +@partnerId AND status = +@status AND id < +@before ORDER BY id DESC LIMIT +@limit`)
  /** By the messages that are not delivered, which are few beside those that are. */
  const undelivered = client.prepare<Key<'state'>, Row>(`
    SELECT registration_id AS id, (SELECT status FROM registrations WHERE id = registration_id) AS status, state
    FROM messages
    WHERE partner_id = +@partnerId AND state = +@state AND state <> 'delivered' AND registration_id < +@before
    ORDER BY registration_id DESC LIMIT +@limit`)
  /** From the serial to its registrations: the pluses keep SQLite from going through all of the partner's instead. */
  const ofSerial = client.prepare<Key<'idcardid'>, Row>(`
    SELECT r.id, r.status, m.state
    FROM verifications v CROSS JOIN registrations r ON r.verification_id = v.id
      LEFT JOIN messages m ON m.seq = r.message_seq
    WHERE v.idcardid = +@idcardid AND +r.partner_id = @partnerId AND +r.id < @before
    ORDER BY r.id DESC LIMIT +@limit`)

  const sourcesOf = (partnerId: string, { idcardid, status, delivery }: RegistrationQuery): Source[] => {
    const filter: Filter = { status, delivery }
    const isWanted = (row: Row) => matches({ status: row.status, message: row.state && { state: row.state } }, filter)
    if (idcardid !== null) return [{ window: window => ofSerial.all({ partnerId, idcardid, ...window }), isWanted }]
    const statuses = status === null ? REGISTRATION_STATUSES : [status]
    if (delivery === null)
      return statuses.map(one => ({
        window: window => withStatus.all({ partnerId, status: one, ...window }),
        isWanted,
      }))
    const withState = (one: RegistrationStatus, isWantedToo: (row: Row) => boolean): Source => ({
      window: window => withStatusAndState.all({ partnerId, status: one, ...window }),
      isWanted: row => isWantedToo(row) && isWanted(row),
    })
    // What has not ended has no message, so nothing of it is delivered.
    if (delivery === 'delivered')
      return statuses.filter(one => one !== 'pending').map(one => withState(one, () => true))
    const sent: Source = { window: window => undelivered.all({ partnerId, state: delivery, ...window }), isWanted }
    // Those without a message: which of them count is what `matches` says, and these are all that may.
    const withoutMessage = delivery === 'pending' ? 'pending' : 'cancelled'
    return statuses.includes(withoutMessage) ? [sent, withState(withoutMessage, row => row.state === null)] : [sent]
  }

  /** The first `limit` of a source that are wanted. */
  const firstOf = async ({ window, isWanted }: Source, { before, limit }: Window): Promise<string[]> => {
    const ids: string[] = []
    let end = before
    for (let size = limit; ; size = WINDOW) {
      const rows = await read(() => window({ before: end, limit: size }))
      ids.push(...rows.filter(isWanted).map(({ id }) => id))
      if (ids.length >= limit || rows.length < size) return ids.slice(0, limit)
      end = rows.at(-1)?.id ?? end
      await turn()
    }
  }

  return async (partnerId: string, query: RegistrationQuery): Promise<string[]> => {
    const { limit, before } = query
    if (limit === 0) return []
    const found = new Set<string>()
    for (const source of sourcesOf(partnerId, query))
      for (const id of await firstOf(source, { before: before ?? END, limit })) found.add(id)
    return [...found].sort((a, b) => (a < b ? 1 : -1)).slice(0, limit)
  }
}
