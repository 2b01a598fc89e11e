import type { StoreContext, VerbModule } from '../context.ts'
import type { Attempt } from '../messages/message.ts'
import { KEPT_ATTEMPTS } from '../messages/settling.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import type { FoundRegistration, RegistrationQuery } from './filter.ts'
import {
  openMetadata,
  type Registration,
  type RegistrationRow,
  SELECT_REGISTRATIONS,
  selectOwned,
  toRegistration,
} from './registration.ts'
import { type Choose, pageOfPartner, type ReadWindow, readWindow, type SearchPage } from './search.ts'

/** A registration of a list, with the last attempt to deliver its webhook. */
export interface ListedRegistration extends Registration {
  lastAttempt: NonNullable<FoundRegistration['message']>['lastAttempt']
}

/** The API's reads of registrations. */
export const registrationQueryVerbs = {
  lookups: context => ({
    findRegistration: (partnerId: string, id: string): Promise<Registration | null> =>
      context.queued(partnerId, () =>
        context.read(async tx => {
          const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
          return row ? toRegistration(context, row) : null
        }),
      ),

    /** Returns the ids among these, of any partner, whose registrations are not pending any more. */
    endedAmong: (ids: readonly string[]): Promise<string[]> =>
      context.read(async tx => (await tx.all<{ id: string }>(ENDED, { ids })).map(({ id }) => id)),
  }),

  lists: context => {
    const { read, queued } = context

    /** Newest first. */
    const findAll = async (tx: Tx, ids: readonly string[]) => {
      const rows = await tx.all<RegistrationRow>(SELECT_THESE, { ids })
      return rows.map(row => toRegistration(context, row))
    }

    return {
      /** Returns all registrations of these serials, newest first; null if there are more than `limit`. */
      lookUpRegistrations: (
        partnerId: string,
        idcardids: readonly string[],
        limit: number,
      ): Promise<Registration[] | null> =>
        queued(partnerId, () =>
          read(async tx => {
            const rows = await tx.all<{ id: string }>(OF_SERIALS, { partnerId, idcardids, limit: limit + 1 })
            const ids = rows.map(({ id }) => id)
            return ids.length > limit ? null : findAll(tx, ids)
          }),
        ),

      /** Newest first, at most `limit`, older than `before`. A page scans as many as one of `searchRegistrations`. */
      listRegistrations: (
        partnerId: string,
        { metadata, ...query }: RegistrationQuery,
      ): Promise<SearchPage<ListedRegistration>> =>
        queued(partnerId, async () => {
          const window: ReadWindow = (place, limit) => read(tx => readWindow(tx, place, limit))
          const choose = metadata ? withMetadata(metadata, context) : undefined
          const page = await pageOfPartner(window, partnerId, query, choose)
          const messages = new Map(page.found.map(({ id, message }) => [id, message]))
          const found = await read(tx => findAll(tx, [...messages.keys()]))
          return {
            ...page,
            found: found.map(one => ({ ...one, lastAttempt: messages.get(one.id)?.lastAttempt ?? null })),
          }
        }),

      /** Returns the newest 50 attempts, in the order in which they began. */
      listAttempts: (partnerId: string, id: string): Promise<Attempt[] | null> =>
        queued(partnerId, () =>
          read(async tx => {
            const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
            if (!row) return null
            const newest = row.messageSeq === null ? [] : await newestAttempts(tx, row.messageSeq, KEPT_ATTEMPTS)
            return newest.map(({ attempt }) => attempt).reverse()
          }),
        ),
    }
  },
} satisfies VerbModule

const withMetadata =
  ({ key, value }: NonNullable<RegistrationQuery['metadata']>, context: StoreContext): Choose =>
  async matches => {
    const ids = matches.map(({ id }) => id)
    const rows = await context.read(tx => tx.all<Parameters<typeof openMetadata>[1]>(SEALED_METADATA, { ids }))
    const isWanted = (metadata: Registration['metadata']) =>
      key === null ? Object.values(metadata).includes(value) : metadata[key] === value
    const those = new Set(rows.filter(row => isWanted(openMetadata(context, row))).map(({ id }) => id))
    return matches.filter(({ id }) => those.has(id))
  }

const SELECT_THESE: Sql = d => `${SELECT_REGISTRATIONS} WHERE r.id IN ${d.list('ids', 'text')} ORDER BY r.id DESC`
const SEALED_METADATA: Sql = d => `
  SELECT ${columnsOf('registrations', ['id', 'partnerId', 'metadata'])} FROM registrations WHERE id IN ${d.list('ids', 'text')}`
const ENDED: Sql = d => `SELECT id FROM registrations WHERE id IN ${d.list('ids', 'text')} AND status <> 'pending'`

const OF_SERIALS: Sql = d => `
  SELECT r.id FROM verifications v ${d.joinByLookup('registrations r', 'r.verification_id = v.id')}
  WHERE v.idcardid IN ${d.list('idcardids', 'text')} AND v.partner_id = @partnerId LIMIT @limit`

const ATTEMPT = ['at', 'outcome', 'httpStatus', 'error', 'durationMs', 'responseExcerpt', 'origin'] as const
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
