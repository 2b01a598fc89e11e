import type { MessageState } from '../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../core/registration.ts'
import type { RegistrationQuery } from './registration.ts'
import { matches } from './rules/registration-view.ts'
import { END } from './rules/registration-window.ts'
import { turn } from './turn.ts'

/** So many rows one statement looks at where not all of them match; others read in between. */
const WINDOW = 1_000

type Filter = Pick<RegistrationQuery, 'status' | 'delivery'>
/** Before which id, and how many. */
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
  window: (window: Window) => Promise<Row[]>
  isWanted: (row: Row) => boolean
}

export type PageKey<Name extends string> = { [key in Name | 'partnerId']: string } & Window

/** How an engine reads a partner's registrations, the newest first; each by an index that has them in order. */
export interface PageReads {
  /** Without the state of their messages. */
  withStatus: (key: PageKey<'status'>) => Promise<Row[]>
  withStatusAndState: (key: PageKey<'status'>) => Promise<Row[]>
  /** By the messages in a state, not `delivered`: these are few beside those that are. */
  undelivered: (key: PageKey<'state'>) => Promise<Row[]>
  ofSerial: (key: PageKey<'idcardid'>) => Promise<Row[]>
}

/**
 * The ids of a page, the newest first. Each question goes by the indexes that have its answer in order, so that a page costs
 * the same however much its partner has, unless it matches little.
 */
export const createRegistrationPages = (reads: PageReads) => {
  const sourcesOf = (partnerId: string, { idcardid, status, delivery }: RegistrationQuery): Source[] => {
    const filter: Filter = { status, delivery }
    const isWanted = (row: Row) => matches({ status: row.status, message: row.state && { state: row.state } }, filter)
    if (idcardid !== null) return [{ window: window => reads.ofSerial({ partnerId, idcardid, ...window }), isWanted }]
    const statuses = status === null ? REGISTRATION_STATUSES : [status]
    if (delivery === null)
      return statuses.map(one => ({
        window: window => reads.withStatus({ partnerId, status: one, ...window }),
        isWanted,
      }))
    const withState = (one: RegistrationStatus, isWantedToo: (row: Row) => boolean): Source => ({
      window: window => reads.withStatusAndState({ partnerId, status: one, ...window }),
      isWanted: row => isWantedToo(row) && isWanted(row),
    })
    // What has not ended has no message, so nothing of it is delivered.
    if (delivery === 'delivered')
      return statuses.filter(one => one !== 'pending').map(one => withState(one, () => true))
    const sent: Source = { window: window => reads.undelivered({ partnerId, state: delivery, ...window }), isWanted }
    // Those without a message: which of them count is what `matches` says, and these are all that may.
    const withoutMessage = delivery === 'pending' ? 'pending' : 'cancelled'
    return statuses.includes(withoutMessage) ? [sent, withState(withoutMessage, row => row.state === null)] : [sent]
  }

  /** The first `limit` of a source that are wanted. */
  const firstOf = async ({ window, isWanted }: Source, { before, limit }: Window): Promise<string[]> => {
    const ids: string[] = []
    let end = before
    for (let size = limit; ; size = WINDOW) {
      const rows = await window({ before: end, limit: size })
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
