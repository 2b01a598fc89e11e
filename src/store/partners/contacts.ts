import { MINUTE } from '../../core/duration.ts'
import type { ChannelHealth, Contact } from '../../core/operator-channel.ts'
import { LONGEST_WAIT_MS } from '../../core/operator-event.ts'
import { STILL_FAILING_MS } from '../callbacks/health.ts'
import type { StoreContext } from '../context.ts'
import { eq } from '../drizzle.ts'
import { heldAt } from '../operators/facts.ts'
import type { Store } from '../store.ts'
import type { Row, Sql, Tx } from '../tx.ts'

/** A partner's contact, and how it has taken what it was sent. */
export type StoredContact = Contact & Pick<Row<'contacts'>, 'health' | 'toldAt'>

/** What a contact has not been told of a URL: that it fails, that its messages are held, or that what it was told is over. */
export type CallbackNews = Omit<Row<'toldCallbacks'>, 'partnerId'> & { lastError: string; isOver: boolean }

export interface ClaimedContact extends StoredContact {
  partnerId: string
  /** The fencing token. */
  lease: number
  news: readonly CallbackNews[]
}

export interface ContactSettlement extends Pick<ClaimedContact, 'partnerId' | 'lease'> {
  health: ChannelHealth | null
  toldAt: number | null
  /** Nothing is sent before. */
  dueAt: number
  told: readonly CallbackNews[]
}

/** A contact is told of a URL after so long of nothing but failures; one failed attempt may have been an accident. */
const TOLD_AFTER_MS = 30 * MINUTE
const IS_FAILING = `held_since IS NULL AND state <> 'releasing' AND attempts > 1
  AND failing_since + ${TOLD_AFTER_MS} <= @at AND last_at + ${STILL_FAILING_MS} > @at`
/** Longer than an attempt may take. */
const LEASE_MS = 2 * MINUTE
/** Of a partner, in one message. */
const MOST_NEWS = 1_000
const LOCK = 'contacts'

/**
 * What is so, compared with what was told: so nothing is told twice, nor lost, whatever ends a node, and a message says what is so when
 * it is sent.
 */
const newsOf = (partner: string): string => `
  SELECT c.callback_url AS "callbackUrl", failing_since AS since, c.held_since AS "heldSince", last_error AS "lastError", FALSE AS "isOver"
  FROM (SELECT * FROM callbacks WHERE partner_id = ${partner} AND (held_since IS NOT NULL OR ${IS_FAILING})) c
    LEFT JOIN told_callbacks t ON t.partner_id = c.partner_id AND t.callback_url = c.callback_url
  WHERE t.since IS NULL OR c.held_since <> t.held_since OR (c.held_since IS NOT NULL AND t.held_since IS NULL)
  UNION ALL
  SELECT t.callback_url, t.since, t.held_since, '', TRUE FROM told_callbacks t
  WHERE t.partner_id = ${partner} AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.partner_id = t.partner_id
    AND c.callback_url = t.callback_url AND (t.held_since IS NULL OR c.held_since IS NOT NULL))`
const NEWS = `${newsOf('@partnerId')} ORDER BY "isOver", "callbackUrl" LIMIT ${MOST_NEWS}`
const WAITING = `
  SELECT k.id FROM contacts k JOIN partners ON partners.id = k.id AND NOT disabled
  WHERE (due_at <= @at OR due_at > @at + ${LONGEST_WAIT_MS}) AND EXISTS (${newsOf('k.id')}) ORDER BY due_at, k.id LIMIT @limit`
const FORGET: Sql = d =>
  `DELETE FROM told_callbacks WHERE partner_id = @partnerId AND callback_url IN ${d.list('urls', 'text')}`

const createRows = ({ sealed, openOr }: Pick<StoreContext, 'sealed' | 'openOr'>) => ({
  /** Null: there is none, or none that can be decrypted. */
  load: async ({ db, schema: { contacts } }: Tx, id: string): Promise<StoredContact | null> => {
    const [row] = await db.select().from(contacts).where(eq(contacts.id, id))
    if (!row) return null
    const contact = openOr({ table: 'contacts', id }, { open: () => sealed.contact.open(row), instead: null })
    return contact && { ...contact, health: row.health, toldAt: row.toldAt }
  },
})

/** What a partner does about its contact. */
export const createContacts = (context: StoreContext) => {
  const { read, write, sealed } = context
  const { load } = createRows(context)
  return {
    findContact: partnerId => read(tx => load(tx, partnerId)),

    putContact: (partnerId, contact) =>
      write(async tx => {
        await tx.lock([LOCK])
        const known = await load(tx, partnerId)
        const { contacts, toldCallbacks } = tx.schema
        await tx.db.delete(contacts).where(eq(contacts.id, partnerId))
        const isSame = contact !== null && contact.url === known?.url
        if (!isSame) await tx.db.delete(toldCallbacks).where(eq(toldCallbacks.partnerId, partnerId))
        if (contact === null) return
        const row = { id: partnerId, contact: sealed.contact.seal({ id: partnerId }, contact), dueAt: tx.at }
        await tx.insert('contacts', [{ ...row, toldAt: isSame ? known.toldAt : null }])
      }),
  } satisfies Partial<Store>
}

/** What they are to be told. */
export const createContactClaims = (context: StoreContext) => {
  const { read, write } = context
  const { load } = createRows(context)
  const waiting = async (tx: Tx, limit: number): Promise<{ id: string }[]> =>
    (await heldAt(tx)) === null ? tx.all(WAITING, { at: tx.at, limit }) : []

  return {
    claimContacts: async limit => {
      if ((await read(tx => waiting(tx, Math.min(limit, 1)))).length === 0) return []
      return write(async tx => {
        await tx.lock([LOCK])
        const lease = tx.at + LEASE_MS
        const ids = await waiting(tx, limit)
        await tx.update(
          'contacts',
          ['id'],
          ids.map(({ id }) => ({ id, dueAt: lease })),
        )
        const claimed: ClaimedContact[] = []
        for (const { id: partnerId } of ids) {
          const contact = await load(tx, partnerId)
          const news = await tx.all<CallbackNews>(NEWS, { partnerId, at: tx.at })
          if (contact) claimed.push({ ...contact, partnerId, lease, news })
        }
        return claimed
      })
    },

    settleContact: ({ partnerId, lease, told, ...contact }) =>
      write(async tx => {
        await tx.lock([LOCK])
        const { contacts } = tx.schema
        const [row] = await tx.db.select().from(contacts).where(eq(contacts.id, partnerId))
        if (row?.dueAt !== lease) return
        await tx.update('contacts', ['id'], [{ id: partnerId, ...contact }])
        await tx.all(FORGET, { partnerId, urls: told.map(({ callbackUrl }) => callbackUrl) })
        const now = told.filter(({ isOver }) => !isOver)
        await tx.insert(
          'toldCallbacks',
          now.map(({ callbackUrl, since, heldSince }) => ({ partnerId, callbackUrl, since, heldSince })),
        )
      }),
  } satisfies Partial<Store>
}
