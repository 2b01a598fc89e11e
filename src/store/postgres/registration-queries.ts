import type { MessageType } from '../../core/message.ts'
import { findUrl } from '../callbacks/urls.ts'
import { heldAt } from '../operators/facts.ts'
import { usageOf } from '../partners/quotas.ts'
import { createSecretRows } from '../partners/signing-secrets.ts'
import { type SelectedRegistration, toRegistration } from '../registration-rows.ts'
import { pageOfPartner, readWindow } from '../registrations/search.ts'
import {
  type ExplanationFacts,
  explanationOf,
  isQueued,
  type SendingFacts,
  sendingNow,
} from '../rules/registration-view.ts'
import { KEPT_ATTEMPTS } from '../rules/settle-message.ts'
import type { Attempt, ExplainedAccount, Store } from '../store.ts'
import { createPollPlaces } from '../verifications/queues.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { selectOwned, selectRegistrations } from './registration-statements.ts'

/** What the API reads of registrations, beyond a single one. */
export const createRegistrationQueries = (context: Context) => {
  const { read } = context
  const forecastOf = createPollPlaces(context)
  const secrets = createSecretRows(context)

  /** The newest first. */
  const registrationsOf = async (tx: Tx, ids: readonly string[]) => {
    const rows = await selectRegistrations(tx, 'WHERE r.id = ANY($1) ORDER BY r.id DESC', [ids])
    return rows.map(row => toRegistration(context, row))
  }

  return {
    endedAmong: ids =>
      read(async tx => {
        const ended = await tx.rows<{ id: string }>(
          "SELECT r.id FROM unnest($1::text[]) AS w(id) JOIN registrations r USING (id) WHERE r.status <> 'pending'",
          [ids],
        )
        return ended.map(({ id }) => id)
      }),

    lookUpRegistrations: (partnerId, idcardids, limit) =>
      read(async tx => {
        const ids = await idsOfSerials(tx, partnerId, { idcardids, limit: limit + 1 })
        return ids.length > limit ? null : registrationsOf(tx, ids)
      }),

    listRegistrations: async (partnerId, query) => {
      const page = await pageOfPartner((place, limit) => read(tx => readWindow(tx, place, limit)), partnerId, query)
      const ids = page.found.map(({ id }) => id)
      return { ...page, found: await read(tx => registrationsOf(tx, ids)) }
    },

    usageOf: partnerId => read(tx => usageOf(tx, partnerId)),

    listAttempts: (partnerId, id) =>
      read(async tx => {
        const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
        if (!row) return null
        const newest = row.messageSeq === null ? [] : await newestAttempts(tx, row.messageSeq, KEPT_ATTEMPTS)
        return newest.map(({ attempt }) => attempt).reverse()
      }),

    explain: (partnerId, id) =>
      read(async tx => {
        const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
        if (!row) return null
        const { accountId, probeAt, lastAnswer, lastCode, rawStatus, account } = await pollingOf(tx, row)
        const place = { id: row.verificationId, accountId, partnerId, queue: row.pollQueue, dueAt: row.pollDueAt }
        const message = await messageOf(tx, row)
        return explanationOf(toRegistration(context, row), {
          lastAnswer,
          lastCode,
          rawStatus,
          account,
          isDue: isQueued(place, tx.at),
          probeAt,
          queue: isQueued(place, tx.at) ? await forecastOf(tx, place) : null,
          lastAttempt: message?.lastAttempt ?? null,
          messageType: message?.type ?? null,
          callback: await findUrl(tx, row),
          canSign: await secrets.canSign(tx, partnerId),
          sending: message && sendingNow(message.sending, tx.at),
          deliveriesHeldAt: await heldAt(tx),
        })
      }),
  } satisfies Partial<Store>
}

const idsOfSerials = async (
  tx: Tx,
  partnerId: string,
  { idcardids, limit }: { idcardids: readonly string[]; limit: number },
): Promise<string[]> => {
  const rows = await tx.rows<{ id: string }>(
    `SELECT r.id FROM verifications v JOIN registrations r ON r.verification_id = v.id
     WHERE v.idcardid = ANY($1) AND v.partner_id = $2 LIMIT $3`,
    [idcardids, partnerId, limit],
  )
  return rows.map(({ id }) => id)
}

/** The newest first. */
const newestAttempts = async (
  tx: Tx,
  messageSeq: number,
  limit: number,
): Promise<{ claim: number; attempt: Attempt }[]> => {
  const rows = await tx.rows<Attempt & { n: number }>(
    `SELECT n, at, outcome, http_status AS "httpStatus", error, duration_ms AS "durationMs", response_excerpt AS "responseExcerpt"
     FROM attempts WHERE message_seq = $1 ORDER BY n DESC LIMIT $2`,
    [messageSeq, limit],
  )
  return rows.map(({ n, ...attempt }) => ({ claim: n, attempt }))
}

interface Polling extends Pick<ExplanationFacts, 'lastAnswer' | 'lastCode' | 'rawStatus' | 'probeAt' | 'account'> {
  accountId: string
}

/** What is known of its serial, and of the account that is asked. */
const pollingOf = async (tx: Tx, { verificationId }: SelectedRegistration): Promise<Polling> => {
  const [row] = await tx.rows<Omit<Polling, 'account'> & Omit<ExplainedAccount, 'id'>>(
    `SELECT v.account_id AS "accountId", v.last_answer AS "lastAnswer", v.last_code AS "lastCode", v.raw_status AS "rawStatus",
       a.probe_at AS "probeAt", a.paused_at AS "pausedAt", a.pause_reason AS "pauseReason", a.pause_code AS "pauseCode",
       a.unreachable_at AS "unreachableAt", a.unreachable_error AS "unreachableError"
     FROM verifications v LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id = $1`,
    [verificationId],
  )
  if (!row) throw new Error(`verification ${verificationId} is gone`)
  const { accountId, lastAnswer, lastCode, rawStatus, probeAt, ...account } = row
  return { accountId, lastAnswer, lastCode, rawStatus, probeAt, account: { id: accountId, ...account } }
}

interface Message extends Pick<ExplanationFacts, 'lastAttempt'> {
  type: MessageType
  body: Buffer
  sending: SendingFacts
}

/** Null: it has none. */
const messageOf = async (tx: Tx, { messageSeq }: SelectedRegistration): Promise<Message | null> => {
  if (messageSeq === null) return null
  const [row] = await tx.rows<Pick<Message, 'type' | 'body'> & Omit<SendingFacts, 'attemptedClaim'>>(
    `SELECT m.type, m.body, m.due_at AS "dueAt", m.claimed_at AS "claimedAt", m.claims, m.fence
     FROM messages m WHERE m.seq = $1`,
    [messageSeq],
  )
  if (!row) return null
  const { type, body, ...sending } = row
  const [last] = await newestAttempts(tx, messageSeq, 1)
  return {
    type,
    body,
    sending: { ...sending, attemptedClaim: last?.claim ?? null },
    lastAttempt: last?.attempt ?? null,
  }
}
