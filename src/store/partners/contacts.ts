import { MAX_NOTICE_WAIT_MS } from '../../core/alert.ts'
import { MINUTE } from '../../core/duration.ts'
import type { Contact } from '../../core/operator-channel.ts'
import { STILL_FAILING_MS } from '../callbacks/health.ts'
import type { VerbModule } from '../context.ts'
import { eq } from '../drizzle.ts'
import { heldAt } from '../operators/facts.ts'
import type { Opening } from '../sealed.ts'
import type { Row, Sql, Tx } from '../tx.ts'

/** News of a URL for its contact: it fails, its messages are held, or a reported condition is over. */
export type CallbackReport = Omit<Row<'toldCallbacks'>, 'partnerId'> & { lastError: string; isOver: boolean }
/** `lease` is the fencing token. */
export type ClaimedContact = Contact & { partnerId: string; lease: number; news: readonly CallbackReport[] }
/** `dueAt`: earliest time of the next notice. */
export type ContactSettlement = Pick<ClaimedContact, 'partnerId' | 'lease'> & {
  reports: readonly CallbackReport[]
  dueAt: number
}

/** One failed attempt may have been an accident. */
const IS_FAILING = `held_since IS NULL AND state <> 'releasing' AND attempts > 1
  AND failing_since + ${30 * MINUTE} <= @at AND last_at + ${STILL_FAILING_MS} > @at`
/** Longer than an attempt may take. */
const LEASE_MS = 2 * MINUTE
/** Maximum number of changes in one notice. */
const MAX_NEWS = 1_000
const LOCK = 'contacts'

/** Compares current with reported states: nothing is reported twice or lost, and a notice is true when it is sent. */
const newsOf = (partner: string): string => `
  SELECT c.callback_url AS "callbackUrl", failing_since AS since, c.held_since AS "heldSince", last_error AS "lastError", FALSE AS "isOver"
  FROM (SELECT * FROM callbacks WHERE partner_id = ${partner} AND (held_since IS NOT NULL OR ${IS_FAILING})) c
    LEFT JOIN told_callbacks t ON t.partner_id = c.partner_id AND t.callback_url = c.callback_url
  WHERE t.since IS NULL OR (c.held_since IS NOT NULL AND c.held_since IS DISTINCT FROM t.held_since)
  UNION ALL
  SELECT t.callback_url, t.since, t.held_since, '', TRUE FROM told_callbacks t
  WHERE t.partner_id = ${partner} AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.partner_id = t.partner_id
    AND c.callback_url = t.callback_url AND (t.held_since IS NULL OR c.held_since IS NOT NULL))`
const NEWS = `${newsOf('@partnerId')} ORDER BY "isOver", "callbackUrl" LIMIT ${MAX_NEWS}`
const WAITING = `
  SELECT k.id FROM contacts k JOIN partners ON partners.id = k.id AND NOT disabled
  WHERE (due_at <= @at OR due_at > @at + ${MAX_NOTICE_WAIT_MS}) AND EXISTS (${newsOf('k.id')}) ORDER BY due_at, k.id LIMIT @limit`
const FORGET: Sql = d =>
  `DELETE FROM told_callbacks WHERE partner_id = @partnerId AND callback_url IN ${d.list('urls', 'text')}`

/** Contacts of partners, and their notices about failing URLs. */
export const contactVerbs = {
  lookups: context => ({
    findContact: (partnerId: string): Promise<Contact | null> => context.read(tx => load(tx, partnerId, context)),
  }),

  calls: context => ({
    /** Null removes the contact. To another URL everything is reported anew, once the next notice is due. */
    putContact: (id: string, contact: Contact | null): Promise<void> =>
      context.write(async tx => {
        await tx.lock([LOCK])
        const before = await load(tx, id, context)
        const [old] = await tx.all<{ dueAt: number }>(
          'DELETE FROM contacts WHERE id = @id RETURNING due_at AS "dueAt"',
          { id },
        )
        if (contact?.url !== before?.url) await tx.all('DELETE FROM told_callbacks WHERE partner_id = @id', { id })
        if (contact === null) return
        // Later than a claim's lease, so that its result counts for the old contact only. One that is removed
        // and set again and again gets no notice.
        const dueAt = old ? old.dueAt + 1 : tx.at + MINUTE
        await tx.insert('contacts', [{ id, contact: context.sealed.contact.seal({ id }, contact), dueAt }])
      }),
  }),

  loops: context => ({
    /** Claims contacts of enabled partners that have something to report, each for one caller until its lease ends. */
    claimContacts: async (limit: number): Promise<readonly ClaimedContact[]> => {
      if ((await context.read(tx => waiting(tx, limit))).length === 0) return []
      return context.write(async tx => {
        await tx.lock([LOCK])
        const lease = tx.at + LEASE_MS
        const claimed: ClaimedContact[] = []
        for (const { id } of await waiting(tx, limit)) {
          await tx.update('contacts', ['id'], [{ id, dueAt: lease }])
          const contact = await load(tx, id, context)
          const news = await tx.all<CallbackReport>(NEWS, { partnerId: id, at: tx.at })
          if (contact) claimed.push({ ...contact, partnerId: id, lease, news })
        }
        return claimed
      })
    },

    /** Records the result of a notice. Changes nothing if the claim no longer holds. */
    settleContact: ({ partnerId, lease, reports, dueAt }: ContactSettlement): Promise<void> =>
      context.write(async tx => {
        await tx.lock([LOCK])
        const { contacts } = tx.schema
        const [row] = await tx.select().from(contacts).where(eq(contacts.id, partnerId))
        if (row?.dueAt !== lease) return
        await tx.update('contacts', ['id'], [{ id: partnerId, dueAt }])
        await tx.all(FORGET, { partnerId, urls: reports.map(({ callbackUrl }) => callbackUrl) })
        const rows = reports.flatMap(({ isOver, lastError, ...url }) => (isOver ? [] : [{ ...url, partnerId }]))
        await tx.insert('toldCallbacks', rows)
      }),
  }),
} satisfies VerbModule

/** Returns null if there is none or it cannot be decrypted. */
const load = async (
  { select, schema: { contacts } }: Tx,
  id: string,
  { sealed, openOrElse }: Opening,
): Promise<Contact | null> => {
  const [row] = await select().from(contacts).where(eq(contacts.id, id))
  return openOrElse({ table: 'contacts', id }, { open: () => (row ? sealed.contact.open(row) : null), instead: null })
}

const waiting = async (tx: Tx, limit: number): Promise<{ id: string }[]> =>
  (await heldAt(tx)) === null ? tx.all(WAITING, { at: tx.at, limit }) : []
