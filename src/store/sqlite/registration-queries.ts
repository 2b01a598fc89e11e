import type { Attempt, Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { and, asc, desc, eq, gt, sql } from './drizzle.ts'
import { belongs } from './nesting.ts'
import { createQuotas } from './quotas.ts'
import { createRegistrationPages } from './registration-pages.ts'
import { selectRegistrations, toRegistration } from './registration-rows.ts'
import { accounts, attempts, messages, registrations, verifications } from './schema.ts'

type Verbs = Pick<Store, 'listEvents' | 'usageOf' | 'listRegistrations' | 'listAttempts' | 'explain'>

/** What the API reads of registrations, beyond a single one. */
export const createRegistrationQueries = (context: Context): Verbs => {
  const { db, read, sealed, now } = context
  const quotas = createQuotas(context)
  const pauses = createCallbackPauses(context)
  const pageOf = createRegistrationPages(context)

  const owned = (partnerId: string, id: string) => and(eq(registrations.id, id), eq(registrations.partnerId, partnerId))

  const attemptsOf = (messageSeq: number): Attempt[] =>
    db
      .select({
        at: attempts.at,
        outcome: attempts.outcome,
        httpStatus: attempts.httpStatus,
        error: attempts.error,
        durationMs: attempts.durationMs,
        responseExcerpt: attempts.responseExcerpt,
      })
      .from(attempts)
      .where(sql.raw(belongs('no', String(messageSeq))))
      .orderBy(asc(attempts.no))
      .all()

  const rowsOf = selectRegistrations(db)
    .where(sql`${registrations.id} IN (SELECT value FROM json_each(${sql.placeholder('ids')}))`)
    .orderBy(desc(registrations.id))
    .prepare()

  return {
    listRegistrations: (partnerId, query) =>
      read(() => rowsOf.all({ ids: JSON.stringify(pageOf(partnerId, query)) }).map(row => toRegistration(sealed, row))),

    // There is one writer at a time, so the numbers are given in the order of the commits.
    listEvents: (partnerId, { after, limit }) =>
      read(() =>
        db
          .select()
          .from(messages)
          .where(and(eq(messages.partnerId, partnerId), gt(messages.seq, after), sql`length(body) > 0`))
          .orderBy(asc(messages.seq))
          .limit(limit)
          .all()
          .map(row => ({
            seq: row.seq,
            registrationId: row.registrationId,
            type: row.type,
            createdAt: row.createdAt,
            delivery: row.state,
            body: sealed.message.open(row),
          })),
      ),

    usageOf: partnerId => read(() => quotas.usageOf(partnerId, now())),

    listAttempts: (partnerId, id) =>
      read(() => {
        const row = db.select().from(registrations).where(owned(partnerId, id)).get()
        if (!row) return null
        return row.messageSeq === null ? [] : attemptsOf(row.messageSeq)
      }),

    explain: (partnerId, id) =>
      read(() => {
        const row = selectRegistrations(db).where(owned(partnerId, id)).get()
        const facts = db
          .select()
          .from(registrations)
          .innerJoin(verifications, eq(verifications.id, registrations.verificationId))
          .innerJoin(accounts, eq(accounts.id, verifications.accountId))
          .leftJoin(messages, eq(messages.seq, registrations.messageSeq))
          .where(owned(partnerId, id))
          .get()
        if (!row || !facts) return null
        const { verifications: verification, accounts: account } = facts
        // A cancelled one says nothing any more of how it ended.
        const isErased = row.status === 'cancelled'
        return {
          registration: toRegistration(sealed, row),
          lastAnswer: verification.lastAnswer,
          lastCode: verification.lastCode,
          rawStatus: isErased ? null : verification.rawStatus,
          account: {
            id: account.id,
            pausedAt: account.pausedAt,
            pauseReason: account.pauseReason,
            pauseCode: account.pauseCode,
          },
          lastAttempt: row.messageSeq === null ? null : (attemptsOf(row.messageSeq).at(-1) ?? null),
          messageType: isErased ? null : (facts.messages?.type ?? null),
          heldSince: row.messageState === 'pending' ? pauses.since(partnerId, row.callbackUrl) : null,
        }
      }),
  }
}
