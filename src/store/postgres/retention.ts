import type { Callback } from '../callbacks.ts'
import { mayEraseAccount, mayForgetPause } from '../rules/retention.ts'
import type { Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import { urlColumns } from './callback-urls.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { eraseEnded, type Found, find } from './ended.ts'

type Pause = Callback & { since: number }

/** Of pauses and secrets so many each are looked at in a batch. */
const REST_IN_A_BATCH = 1_000
const PAUSES = 'SELECT partner_id AS "partnerId", callback_url AS "callbackUrl", since FROM callback_pauses'
/** In the order of their locks. */
const OF_URLS = `WHERE (partner_id, callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))
  ORDER BY partner_id, callback_url`
/** Before every URL. */
const FIRST: Callback = { partnerId: '', callbackUrl: '' }

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ read, write }: Pick<Context, 'read' | 'write'>): Pick<Store, 'prune'> => {
  const pauses = createCallbackPauses()
  /** How far the pauses have been looked at; what was kept is looked at again in the next round. */
  let pausesAfter = FIRST
  /** Behind which message the first one is that may be erased, as far as is known. */
  let messagesAfter = 0

  const forgettable = async (
    tx: Tx,
    looked: readonly Pause[],
    { before, stays }: { before: number; stays: boolean },
  ): Promise<Pause[]> => {
    const isHolding = looked.length === 0 ? () => false : await pauses.holding(tx, looked, { stays })
    return looked.filter(pause => mayForgetPause({ ...pause, isHolding: isHolding(pause) }, before))
  }

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

  /** What else there is to erase. */
  const survey = (before: number) =>
    read(async tx => {
      const page = await tx.rows<Pause>(
        `${PAUSES} WHERE (partner_id, callback_url) > ($1, $2) ORDER BY partner_id, callback_url LIMIT ${REST_IN_A_BATCH}`,
        [pausesAfter.partnerId, pausesAfter.callbackUrl],
      )
      const over = await forgettable(tx, page, { before, stays: false })
      return {
        pauses: page,
        hasRest: over.length > 0 || (await hasOld(tx, before)) || (await oldAccounts(tx)).length > 0,
        nextPause: page.length < REST_IN_A_BATCH ? FIRST : (page.at(-1) ?? FIRST),
      }
    })

  const erasePauses = async (tx: Tx, looked: readonly Pause[], before: number): Promise<void> => {
    // Not those of the survey: since then the last message that a pause held may have been erased.
    const over = await forgettable(tx, looked, { before, stays: false })
    await tx.rows(`SELECT FROM callback_health ${OF_URLS} FOR UPDATE`, urlColumns(over))
    const left = await tx.rows<Pause>(`${PAUSES} ${OF_URLS} FOR UPDATE`, urlColumns(over))
    // A URL that was paused anew, or for which messages have been held meanwhile, keeps its pause.
    const urls = await forgettable(tx, left, { before, stays: true })
    await tx.rows(
      'DELETE FROM callback_health WHERE (partner_id, callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
      urlColumns(urls),
    )
    await pauses.forget(tx, urls)
  }

  const eraseRest = async (before: number): Promise<void> => {
    const { pauses: looked, hasRest, nextPause } = await survey(before)
    if (hasRest) {
      await write(tx => erasePauses(tx, looked, before))
      await write(async tx => {
        for (const remove of [REMOVE_SECRETS, REMOVE_HEALTH]) await tx.rows(remove, [before])
        await tx.rows('DELETE FROM accounts WHERE id = ANY($1) AND removed_at IS NOT NULL', [await oldAccounts(tx)])
      })
    }
    pausesAfter = nextPause
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
/** As `mayForgetHealth` says. */
const OLD_HEALTH = "callback_health WHERE state <> 'disabled' AND last_at < $1"

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
    `SELECT EXISTS (SELECT FROM ${OLD_SECRETS}) OR EXISTS (SELECT FROM ${OLD_HEALTH}) AS "hasOld"`,
    [before],
  )
  return row?.hasOld ?? false
}

const firstOf = (columns: string, old: string, order: string): string =>
  `SELECT ${columns} FROM ${old} ORDER BY ${order} LIMIT ${REST_IN_A_BATCH} FOR UPDATE SKIP LOCKED`
const REMOVE_SECRETS = `DELETE FROM signing_secrets WHERE id IN (${firstOf('id', OLD_SECRETS, 'expires_at')})`
const REMOVE_HEALTH = `
  DELETE FROM callback_health WHERE (partner_id, callback_url) IN (
    ${firstOf('partner_id, callback_url', OLD_HEALTH, 'last_at')})`
