import { takeAllowance } from '../../core/account.ts'
import { fairShare } from '../../core/fair-share.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationSettlement } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { and, eq, sql } from './drizzle.ts'
import { verdictContext } from './registration-rows.ts'
import { registrations, verifications } from './schema.ts'
import { createTeller } from './tell.ts'

type Verbs = Pick<Store, 'claimVerifications' | 'settleVerifications'>

export const createVerifications = (context: Context): Verbs => {
  const { write, read, vault, now, events } = context
  const statements = prepare(context)
  const accounts = createAccountRows(context)
  const tell = createTeller(context)
  /** The partner of each account that a claim came to last; the next claim goes on after it. */
  const lastServed = new Map<string, string>()

  const claimOf = (partnerId: string, accountId: string, take: { limit: number; at: number; leaseEnd: number }) =>
    statements.claim.all({ accountId, partnerId, ...take }).map(
      (row): ClaimedVerification => ({
        ...row,
        claim: row.claims,
        waiting: statements.waiting.all({ verificationId: row.id }),
      }),
    )

  /** How many rows of the account may go now. A paused one sends a single canary. */
  const grant = (account: ClaimedAccount, at: number, free: number) => {
    if (account.pausedAt === null) return takeAllowance(account, at, free)
    const probing = account.probeAt !== null && account.probeAt <= at && free > 0
    return { granted: probing ? 1 : 0, allowedAt: Math.max(account.allowedAt, at) }
  }

  const claimFrom = (account: ClaimedAccount, at: number, limits: { free: number; leaseMs: number }) => {
    const due = statements.heads.all({ accountId: account.id }).filter(head => head.dueAt <= at)
    const { granted } = grant(account, at, limits.free)
    const claimed: ClaimedVerification[] = []
    const leaseEnd = at + limits.leaseMs
    for (const share of fairShare(
      due.map(head => head.partnerId),
      granted,
      lastServed.get(account.id) ?? '',
    )) {
      if (claimed.length === granted) break
      const limit = Math.min(share.take, granted - claimed.length)
      claimed.push(...claimOf(share.partnerId, account.id, { limit, at, leaseEnd }))
      lastServed.set(account.id, share.partnerId)
    }
    if (claimed.length === 0) return claimed
    const { allowedAt } = takeAllowance(account, at, claimed.length)
    accounts.setAllowedAt(account.id, Math.max(allowedAt, account.allowedAt))
    if (account.pausedAt !== null) accounts.setProbeAt(account.id, leaseEnd)
    return claimed
  }

  /** The earliest time at which a claim could bring more than it does now. */
  const nextOf = (account: ClaimedAccount): number | null => {
    const dueAt = Math.min(...statements.heads.all({ accountId: account.id }).map(head => head.dueAt))
    if (dueAt === Number.POSITIVE_INFINITY) return null
    if (account.pausedAt !== null) return account.probeAt === null ? null : Math.max(dueAt, account.probeAt)
    return Math.max(dueAt, account.allowedAt)
  }

  const settleOne = (settlement: VerificationSettlement, at: number): readonly string[] => {
    const { step, answer } = settlement
    if (settlement.account) accounts.change(settlement.account.id, settlement.account.change, at)
    const row = statements.find.get({ id: settlement.id })
    if (!row || row.verdict !== null) return []
    const held = row.claims === settlement.claim
    if (!held && step.verdict === null) return []

    const nudged = row.claimedAt !== null && row.nudgedAt > row.claimedAt
    const waiting = statements.waiting.all({ verificationId: row.id })
    const ended = new Map(step.ended.map(end => [end.registrationId, end.reason]))
    const ending = step.verdict === null ? waiting.filter(one => ended.has(one.id)) : waiting
    const left = waiting.length - ending.length
    // Where all who asked have cancelled meanwhile, the verdict is nobody's to keep.
    const verdict = waiting.length === 0 ? null : step.verdict
    const rawStatus = 'status' in answer ? answer.status : (verdict?.status ?? row.rawStatus)
    statements.settle.run({
      id: row.id,
      dueAt: left === 0 ? null : nudged || step.dueAt === null ? at : step.dueAt,
      lastPolledAt: settlement.askedAt,
      lastAnswer: answer.kind,
      lastCode: answer.code,
      rawStatus,
      failures: step.failures,
      invalidIds: step.invalidIds,
      goneChecks: step.goneChecks,
      seen: step.seen ? 1 : 0,
      verdict: verdict && vault.seal(JSON.stringify(verdict), verdictContext(row)),
      observedAt: verdict && settlement.observedAt,
      previousPollAt: verdict && row.lastPolledAt,
    })
    for (const registration of ending)
      tell({
        registration,
        idcardid: row.idcardid,
        verdict: step.verdict,
        reason: ended.get(registration.id) ?? null,
        rawStatus,
        observedAt: settlement.observedAt,
        previousPollAt: row.lastPolledAt,
      })
    return ending.map(registration => registration.id)
  }

  return {
    claimVerifications: async ({ busy, concurrency, leaseMs }) => {
      const at = now()
      const free = new Map<string, number>()
      const survey = () =>
        accounts.all().map(account => {
          const slots = free.get(account.id) ?? concurrency - (busy.get(account.id) ?? 0)
          free.set(account.id, slots)
          return { account, nextAt: slots > 0 ? nextOf(account) : null }
        })

      const before = await read(survey)
      const ready = before.filter(({ nextAt }) => nextAt !== null && nextAt <= at).map(({ account }) => account.id)
      if (ready.length === 0) return { claims: [], nextAt: earliest(before) }
      return write(() => {
        const claims = accounts
          .all()
          .filter(account => ready.includes(account.id))
          .map(account => ({
            account,
            verifications: claimFrom(account, at, { free: free.get(account.id) ?? 0, leaseMs }),
          }))
        for (const { account, verifications } of claims)
          free.set(account.id, (free.get(account.id) ?? 0) - verifications.length)
        return { claims: claims.filter(claim => claim.verifications.length > 0), nextAt: earliest(survey()) }
      })
    },

    settleVerifications: async settlements => {
      const resolved = await write(() => {
        const at = now()
        return settlements.flatMap(settlement => settleOne(settlement, at))
      })
      if (resolved.length === 0) return
      events.emit('messagesDue')
      events.emit('resolved', resolved)
    },
  }
}

const earliest = (survey: readonly { nextAt: number | null }[]): number | null => {
  const times = survey.flatMap(({ nextAt }) => (nextAt === null ? [] : [nextAt]))
  return times.length === 0 ? null : Math.min(...times)
}

const placeholder = (name: string) => sql`${sql.placeholder(name)}`

const prepare = ({ db, client }: Context) => ({
  /**
   * The first due time of each partner that has any: one index seek a partner (SQLite has no skip scan of its own), so
   * that a partner with a million rows costs no more than one with a single row.
   */
  heads: client.prepare<{ accountId: string }, { partnerId: string; dueAt: number }>(`
    WITH RECURSIVE queued(partner_id) AS (
      SELECT min(partner_id) FROM verifications WHERE account_id = @accountId AND due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(partner_id) FROM verifications
              WHERE account_id = @accountId AND due_at IS NOT NULL AND partner_id > queued.partner_id)
      FROM queued WHERE queued.partner_id IS NOT NULL)
    SELECT queued.partner_id AS partnerId,
      (SELECT min(due_at) FROM verifications v
       WHERE v.account_id = @accountId AND v.partner_id = queued.partner_id AND v.due_at IS NOT NULL) AS dueAt
    FROM queued JOIN partners ON partners.id = queued.partner_id
    WHERE partners.disabled = 0`),
  claim: db
    .update(verifications)
    .set({ claims: sql`claims + 1`, claimedAt: placeholder('at'), dueAt: placeholder('leaseEnd') })
    .where(
      sql`id IN (SELECT id FROM verifications
        WHERE account_id = ${sql.placeholder('accountId')} AND partner_id = ${sql.placeholder('partnerId')}
          AND due_at IS NOT NULL AND due_at <= ${sql.placeholder('at')}
        ORDER BY due_at LIMIT ${sql.placeholder('limit')})`,
    )
    .returning()
    .prepare(),
  waiting: db
    .select({
      id: registrations.id,
      partnerId: registrations.partnerId,
      laneId: registrations.laneId,
      metadata: registrations.metadata,
      createdAt: registrations.createdAt,
      expiresAt: registrations.expiresAt,
    })
    .from(registrations)
    .where(
      and(eq(registrations.verificationId, sql.placeholder('verificationId')), eq(registrations.status, 'pending')),
    )
    .orderBy(registrations.id)
    .prepare(),
  find: db
    .select()
    .from(verifications)
    .where(eq(verifications.id, sql.placeholder('id')))
    .prepare(),
  settle: db
    .update(verifications)
    .set({
      dueAt: placeholder('dueAt'),
      claimedAt: null,
      polls: sql`polls + 1`,
      lastPolledAt: placeholder('lastPolledAt'),
      lastAnswer: placeholder('lastAnswer'),
      lastCode: placeholder('lastCode'),
      rawStatus: placeholder('rawStatus'),
      failures: placeholder('failures'),
      invalidIds: placeholder('invalidIds'),
      goneChecks: placeholder('goneChecks'),
      seen: placeholder('seen'),
      verdict: placeholder('verdict'),
      observedAt: placeholder('observedAt'),
      previousPollAt: placeholder('previousPollAt'),
    })
    .where(eq(verifications.id, sql.placeholder('id')))
    .prepare(),
})
