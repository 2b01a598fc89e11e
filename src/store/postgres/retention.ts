import { mayEraseAccount } from '../rules/retention.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { eraseEnded, type Found, find } from './ended.ts'

/** So many secrets and URLs are erased in a batch. */
const REST_IN_A_BATCH = 1_000

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ read, write }: Pick<Context, 'read' | 'write'>): Pick<Store, 'prune'> => {
  /** Behind which message the first one is that may be erased, as far as is known. */
  let messagesAfter = 0

  /** What there is to erase, `limit` at most; nothing: all was looked at, from the first message on. */
  const findEnded = async (before: number, limit: number): Promise<Found> => {
    let begunAt = messagesAfter
    while (true) {
      const found = await read(tx => find(tx, { before, limit, after: messagesAfter }))
      if (found.rows.length > 0 || (found.after === 0 && begunAt === 0)) return found
      messagesAfter = found.after
      if (found.after === 0) begunAt = 0
    }
  }

  const eraseRest = async (before: number): Promise<void> => {
    if (!(await read(async tx => (await hasOld(tx, before)) || (await oldAccounts(tx)).length > 0))) return
    await write(async tx => {
      for (const erase of [REMOVE_SECRETS, RELEASE_URLS, REMOVE_URLS]) await tx.rows(erase, [before])
      await tx.rows('DELETE FROM accounts WHERE id = ANY($1) AND removed_at IS NOT NULL', [await oldAccounts(tx)])
    })
  }

  return {
    prune: async (before, limit) => {
      for (;;) {
        const ended = await findEnded(before, limit)
        const erased = ended.rows.length === 0 ? 0 : await write(tx => eraseEnded(tx, ended.rows, before))
        messagesAfter = ended.after
        const isLast = ended.rows.length < limit
        if (isLast) await eraseRest(before)
        if (erased > 0 || ended.rows.length === 0) return erased
      }
    },
  }
}

const OLD_SECRETS = 'signing_secrets WHERE expires_at IS NOT NULL AND expires_at < $1'
const OLD_URLS = "callbacks WHERE held_since IS NULL AND state <> 'releasing' AND last_at < $1"
/** Nothing is held for them. */
const OLD_HOLDS = `callbacks c WHERE held_since < $1 AND NOT EXISTS (
  SELECT FROM deliveries d WHERE d.partner_id = c.partner_id AND d.callback_url = c.callback_url
    AND d.state = 'pending' AND d.due_at IS NULL)`

const oldAccounts = async (tx: Tx): Promise<string[]> => {
  const removed = await tx.rows<{
    id: string
    removedAt: number
    isWaitedFor: boolean
  }>(`SELECT id, removed_at AS "removedAt",
      EXISTS (SELECT FROM verifications WHERE account_id = accounts.id AND due_at IS NOT NULL) AS "isWaitedFor"
    FROM accounts WHERE removed_at IS NOT NULL`)
  return removed.filter(account => mayEraseAccount(account, tx.at)).map(({ id }) => id)
}

const hasOld = async (tx: Tx, before: number): Promise<boolean> => {
  const [row] = await tx.rows<{ hasOld: boolean }>(
    `SELECT ${[OLD_SECRETS, OLD_URLS, OLD_HOLDS].map(old => `EXISTS (SELECT FROM ${old})`).join(' OR ')} AS "hasOld"`,
    [before],
  )
  return row?.hasOld ?? false
}

const firstOf = (columns: string, old: string, order: string): string =>
  `SELECT ${columns} FROM ${old} ORDER BY ${order} LIMIT ${REST_IN_A_BATCH} FOR UPDATE SKIP LOCKED`
const REMOVE_SECRETS = `DELETE FROM signing_secrets WHERE id IN (${firstOf('id', OLD_SECRETS, 'expires_at')})`
const REMOVE_URLS = `DELETE FROM callbacks WHERE (partner_id, callback_url) IN (
  ${firstOf('partner_id, callback_url', OLD_URLS, 'last_at')})`
/** A claim forgets them, unless it finds that something has been held meanwhile. */
const RELEASE_URLS = `UPDATE callbacks SET state = 'releasing', held_since = NULL, notice_due_at = NULL
  WHERE (partner_id, callback_url) IN (SELECT partner_id, callback_url FROM ${OLD_HOLDS})`
