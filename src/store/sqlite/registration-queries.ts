import { toRegistration } from '../registration-rows.ts'
import { pageOfPartner, readWindow } from '../registrations/search.ts'
import { explanationOf, isQueued, type SendingFacts, sendingNow } from '../rules/registration-view.ts'
import { KEPT_ATTEMPTS } from '../rules/settle-message.ts'
import type { Attempt, Store } from '../store.ts'
import { createUrls } from './callbacks.ts'
import type { Context } from './context.ts'
import { and, desc, eq, sql } from './drizzle.ts'
import { heldAt } from './facts.ts'
import { createQuotas } from './partners.ts'
import { selectRegistrations } from './registration-statements.ts'
import { accounts, attempts, messages, registrations, verifications } from './schema.ts'
import { createSecretRows } from './signing-secrets.ts'
import { createPollPlaces } from './verifications.ts'

const ATTEMPT = {
  at: attempts.at,
  outcome: attempts.outcome,
  httpStatus: attempts.httpStatus,
  error: attempts.error,
  durationMs: attempts.durationMs,
  responseExcerpt: attempts.responseExcerpt,
}

/** What the API reads of registrations, beyond a single one. */
export const createRegistrationQueries = (context: Context) => {
  const { client, db, read, now } = context
  const quotas = createQuotas(context)
  const urls = createUrls(context)
  const forecastOf = createPollPlaces(context)
  const secrets = createSecretRows(context)

  const owned = (partnerId: string, id: string) => and(eq(registrations.id, id), eq(registrations.partnerId, partnerId))

  const newestOf = (messageSeq: number, limit: number): Attempt[] =>
    db
      .select(ATTEMPT)
      .from(attempts)
      .where(eq(attempts.messageSeq, messageSeq))
      .orderBy(desc(attempts.n))
      .limit(limit)
      .all()

  const sendingOf = client.prepare<[seq: number], SendingFacts>(`
    SELECT m.due_at AS dueAt, m.claimed_at AS claimedAt, m.claims, m.fence,
      (SELECT a.n FROM attempts a WHERE a.message_seq = m.seq ORDER BY a.n DESC LIMIT 1) AS attemptedClaim
    FROM messages m WHERE m.seq = ?`)
  const sendingOfMessage = (messageSeq: number | null) => {
    const sending = messageSeq === null ? undefined : sendingOf.get(messageSeq)
    return sending ? sendingNow(sending, now()) : null
  }

  const lastAttemptOf = (messageSeq: number): Attempt | null => newestOf(messageSeq, 1)[0] ?? null

  const rowsOf = selectRegistrations(db)
    .where(sql`${registrations.id} IN (SELECT value FROM json_each(${sql.placeholder('ids')}))`)
    .orderBy(desc(registrations.id))
    .prepare()

  const idsOfSerials = client
    .prepare<{ partnerId: string; idcardids: string; limit: number }, string>(`
      SELECT r.id FROM json_each(@idcardids) s CROSS JOIN verifications v ON v.idcardid = s.value
        CROSS JOIN registrations r ON r.verification_id = v.id
      WHERE v.partner_id = +@partnerId LIMIT +@limit`)
    .pluck()

  const endedAmong = client
    .prepare<[ids: string], string>(`
      SELECT r.id FROM json_each(?) w CROSS JOIN registrations r ON r.id = w.value WHERE r.status <> 'pending'`)
    .pluck()

  return {
    endedAmong: ids => read(() => endedAmong.all(JSON.stringify(ids))),

    lookUpRegistrations: (partnerId, idcardids, limit) =>
      read(() => {
        const ids = idsOfSerials.all({ partnerId, idcardids: JSON.stringify(idcardids), limit: limit + 1 })
        if (ids.length > limit) return null
        return rowsOf.all({ ids: JSON.stringify(ids) }).map(row => toRegistration(context, row))
      }),

    listRegistrations: async (partnerId, query) => {
      const page = await pageOfPartner((place, limit) => read(tx => readWindow(tx, place, limit)), partnerId, query)
      const ids = JSON.stringify(page.found.map(({ id }) => id))
      return { ...page, found: await read(() => rowsOf.all({ ids }).map(row => toRegistration(context, row))) }
    },

    usageOf: partnerId => read(() => quotas.usageOf(partnerId, now())),

    listAttempts: (partnerId, id) =>
      read(() => {
        const row = db.select().from(registrations).where(owned(partnerId, id)).get()
        if (!row) return null
        return row.messageSeq === null ? [] : newestOf(row.messageSeq, KEPT_ATTEMPTS).reverse()
      }),

    explain: (partnerId, id) =>
      read(() => {
        const row = selectRegistrations(db).where(owned(partnerId, id)).get()
        const facts = db
          .select()
          .from(registrations)
          .innerJoin(verifications, eq(verifications.id, registrations.verificationId))
          .leftJoin(accounts, eq(accounts.id, verifications.accountId))
          .leftJoin(messages, eq(messages.seq, registrations.messageSeq))
          .where(owned(partnerId, id))
          .get()
        if (!row || !facts) return null
        const { verifications: verification, accounts: account } = facts
        return explanationOf(toRegistration(context, row), {
          lastAnswer: verification.lastAnswer,
          lastCode: verification.lastCode,
          rawStatus: verification.rawStatus,
          account: {
            id: verification.accountId,
            pausedAt: account?.pausedAt ?? null,
            pauseReason: account?.pauseReason ?? null,
            pauseCode: account?.pauseCode ?? null,
            unreachableAt: account?.unreachableAt ?? null,
            unreachableError: account?.unreachableError ?? null,
          },
          isDue: isQueued(verification, now()),
          probeAt: account?.probeAt ?? null,
          queue: isQueued(verification, now()) ? forecastOf(verification, now()) : null,
          lastAttempt: row.messageSeq === null ? null : lastAttemptOf(row.messageSeq),
          messageType: facts.messages?.type ?? null,
          callback: urls.find(row),
          canSign: secrets.canSign(partnerId),
          sending: sendingOfMessage(row.messageSeq),
          deliveriesHeldAt: heldAt(client),
        })
      }),
  } satisfies Partial<Store>
}
