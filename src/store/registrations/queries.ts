import type { StoreContext } from '../context.ts'
import type { Attempt } from '../messages/message.ts'
import { KEPT_ATTEMPTS } from '../messages/settling.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import type { RegistrationFilter } from './filter.ts'
import {
  openMetadata,
  type RegistrationRow,
  SELECT_REGISTRATIONS,
  selectOwned,
  toRegistration,
} from './registration.ts'
import { type Choose, pageOfPartner, type ReadWindow, readWindow } from './search.ts'

export interface RegistrationQuery
  extends Pick<RegistrationFilter, 'idcardid' | 'status' | 'delivery'>,
    Partial<Pick<RegistrationFilter, 'host' | 'since' | 'until'>> {
  /** Value of a metadata key. Sealed and not indexed: each match of the other fields is decrypted to test it. */
  metadata?: { key: string; value: string } | null
  limit: number
  before: string | null
}

/** The API's reads of registrations. */
export const createRegistrationQueries = (context: Pick<StoreContext, 'read' | 'sealed' | 'openOrElse'>) => {
  const { read } = context

  /** Newest first. */
  const findAll = async (tx: Tx, ids: readonly string[]) => {
    const rows = await tx.all<RegistrationRow>(SELECT_THESE, { ids })
    return rows.map(row => toRegistration(context, row))
  }

  const withMetadata =
    ({ key, value }: { key: string; value: string }): Choose =>
    async matches => {
      const ids = matches.map(({ id }) => id)
      const rows = await read(tx => tx.all<Parameters<typeof openMetadata>[1]>(SEALED_METADATA, { ids }))
      const those = new Set(rows.filter(row => openMetadata(context, row)[key] === value).map(({ id }) => id))
      return matches.filter(({ id }) => those.has(id))
    }

  return {
    findRegistration: (partnerId, id) =>
      read(async tx => {
        const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
        return row ? toRegistration(context, row) : null
      }),

    endedAmong: ids => read(async tx => (await tx.all<{ id: string }>(ENDED, { ids })).map(({ id }) => id)),

    lookUpRegistrations: (partnerId, idcardids, limit) =>
      read(async tx => {
        const rows = await tx.all<{ id: string }>(OF_SERIALS, { partnerId, idcardids, limit: limit + 1 })
        if (rows.length > limit) return null
        return findAll(
          tx,
          rows.map(({ id }) => id),
        )
      }),

    listRegistrations: async (partnerId, { metadata, ...query }) => {
      const window: ReadWindow = (place, limit) => read(tx => readWindow(tx, place, limit))
      const page = await pageOfPartner(window, partnerId, query, metadata ? withMetadata(metadata) : undefined)
      const ids = page.found.map(({ id }) => id)
      return { ...page, found: await read(tx => findAll(tx, ids)) }
    },

    listAttempts: (partnerId, id) =>
      read(async tx => {
        const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
        if (!row) return null
        const newest = row.messageSeq === null ? [] : await newestAttempts(tx, row.messageSeq, KEPT_ATTEMPTS)
        return newest.map(({ attempt }) => attempt).reverse()
      }),
  } satisfies Partial<Store>
}

const SELECT_THESE: Sql = d => `${SELECT_REGISTRATIONS} WHERE r.id IN ${d.list('ids', 'text')} ORDER BY r.id DESC`
const SEALED_METADATA: Sql = d => `
  SELECT ${columnsOf('registrations', ['id', 'partnerId', 'metadata'])} FROM registrations WHERE id IN ${d.list('ids', 'text')}`
const ENDED: Sql = d => `SELECT id FROM registrations WHERE id IN ${d.list('ids', 'text')} AND status <> 'pending'`

const OF_SERIALS: Sql = d => `
  SELECT r.id FROM verifications v ${d.joinByLookup('registrations r', 'r.verification_id = v.id')}
  WHERE v.idcardid IN ${d.list('idcardids', 'text')} AND v.partner_id = @partnerId LIMIT @limit`

const ATTEMPT = ['at', 'outcome', 'httpStatus', 'error', 'durationMs', 'responseExcerpt'] as const
const NEWEST_ATTEMPTS = `
  SELECT ${columnsOf('attempts', ['n', ...ATTEMPT])} FROM attempts WHERE message_seq = @messageSeq ORDER BY n DESC LIMIT @limit`

/** Newest first. */
export const newestAttempts = async (
  tx: Tx,
  messageSeq: number,
  limit: number,
): Promise<{ claim: number; attempt: Attempt }[]> => {
  const rows = await tx.all<Attempt & { n: number }>(NEWEST_ATTEMPTS, { messageSeq, limit })
  return rows.map(({ n, ...attempt }) => ({ claim: n, attempt }))
}
