import { takeAllowance } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import { fairShare } from '../../core/fair-share.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationSettlement } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { belongs } from './nesting.ts'
import { verdictContext } from './registration-rows.ts'
import { createTeller, type Ending, type Telling } from './tell.ts'

type Verbs = Pick<Store, 'claimVerifications' | 'settleVerifications'>

export const createVerifications = (context: Context): Verbs => {
  const { write, read, vault, now, events } = context
  const statements = prepare(context)
  const accounts = createAccountRows(context)
  const beginTelling = createTeller(context)
  /** The partner of each account that a claim came to last; the next claim goes on after it. */
  const lastServed = new Map<string, string>()

  /** What is due of one partner: only the index is read. */
  const dueOf = (partnerId: string, accountId: string, { limit, at }: { limit: number; at: number }): DueRow[] =>
    statements.due.all({ accountId, partnerId, at, limit, window: limit + OVERDUE_WINDOW })

  const take = (due: readonly DueRow[], at: number, leaseEnd: number): ClaimedVerification[] => {
    if (due.length === 0) return []
    const ids = JSON.stringify(due.map(([id]) => id))
    const rows = new Map(statements.claim.all(at, leaseEnd, ids).map(row => [row[0], row]))
    const waiting = Map.groupBy(statements.allWaiting.all(ids), ([verificationId]) => verificationId)
    return due.map(([id, dueAt]) => claimedFrom(rows.get(id) as TakenRow, dueAt, waiting.get(id) ?? []))
  }

  /** How many rows of the account may go now. A paused one sends a single canary. */
  const grant = (account: ClaimedAccount, at: number, free: number) => {
    if (account.pausedAt === null) return takeAllowance(account, at, free)
    const probing = account.probeAt !== null && account.probeAt <= at && free > 0
    return { granted: probing ? 1 : 0, allowedAt: Math.max(account.allowedAt, at) }
  }

  const claimFrom = (account: ClaimedAccount, at: number, limits: { free: number; leaseMs: number; heads: Head[] }) => {
    const due = limits.heads.filter(head => head.dueAt <= at)
    const { granted } = grant(account, at, limits.free)
    const taken: DueRow[] = []
    const leaseEnd = at + limits.leaseMs
    for (const share of fairShare(
      due.map(head => head.partnerId),
      granted,
      lastServed.get(account.id) ?? '',
    )) {
      if (taken.length === granted) break
      const limit = Math.min(share.take, granted - taken.length)
      taken.push(...dueOf(share.partnerId, account.id, { limit, at }))
      lastServed.set(account.id, share.partnerId)
    }
    if (taken.length === 0) return []
    const { allowedAt } = takeAllowance(account, at, taken.length)
    accounts.setAllowedAt(account.id, Math.max(allowedAt, account.allowedAt))
    if (account.pausedAt !== null) accounts.setProbeAt(account.id, leaseEnd)
    return take(taken, at, leaseEnd)
  }

  /** The earliest time at which a claim could bring more than it does now. */
  const nextOf = (account: ClaimedAccount, heads: readonly Head[]): number | null => {
    const dueAt = Math.min(...heads.map(head => head.dueAt))
    if (dueAt === Number.POSITIVE_INFINITY) return null
    if (account.pausedAt !== null) return account.probeAt === null ? null : Math.max(dueAt, account.probeAt)
    return Math.max(dueAt, account.allowedAt)
  }

  const settleOne = (settlement: VerificationSettlement, at: number, { tell }: Telling): readonly string[] => {
    const { id, claim, step, answer } = settlement
    if (settlement.account) accounts.change(settlement.account.id, settlement.account.change, at)
    // The usual case in one statement: whoever waits goes on waiting.
    if (step.verdict === null && step.ended.length === 0) {
      const rawStatus = 'status' in answer ? answer.status : null
      statements.goOn.run(...stateOf(settlement), rawStatus, at, step.dueAt ?? at, id, claim)
      return []
    }
    const found = statements.find.all(id)
    const [row] = found
    if (!row || row.isResolved) return []
    if (row.claims !== claim && step.verdict === null) return []

    const waiting = found.filter(isWaiting)
    const ended = new Map(step.ended.map(end => [end.registrationId, end.reason]))
    const ending = step.verdict === null ? waiting.filter(one => ended.has(one.id)) : waiting
    // Where all who asked have cancelled meanwhile, the verdict is nobody's to keep.
    const verdict = waiting.length === 0 ? null : step.verdict
    const rawStatus = 'status' in answer ? answer.status : (verdict?.status ?? row.rawStatus)
    statements.end.run(
      ...stateOf(settlement),
      rawStatus,
      ending.length === waiting.length ? null : row.isNudged ? at : (step.dueAt ?? at),
      verdict && vault.seal(JSON.stringify(verdict), verdictContext(row)),
      verdict && settlement.observedAt,
      verdict && row.lastPolledAt,
      id,
    )
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
      const taken = new Map<string, number>()
      const freeOf = ({ id }: ClaimedAccount) => concurrency - (busy.get(id) ?? 0) - (taken.get(id) ?? 0)
      const survey = () =>
        accounts.all().map(account => {
          const heads = freeOf(account) > 0 ? statements.heads.all({ accountId: account.id }) : []
          return { account, heads, nextAt: nextOf(account, heads) }
        })

      const before = await read(survey)
      const ready = new Map(
        before.flatMap(({ account, heads, nextAt }) => (nextAt === null || nextAt > at ? [] : [[account.id, heads]])),
      )
      if (ready.size === 0) return { claims: [], nextAt: earliest(before) }
      return write(() => {
        const claims = accounts.all().flatMap(account => {
          const heads = ready.get(account.id)
          if (!heads) return []
          const verifications = claimFrom(account, at, { free: freeOf(account), leaseMs, heads })
          taken.set(account.id, verifications.length)
          return verifications.length > 0 ? [{ account, verifications }] : []
        })
        return { claims, nextAt: earliest(survey()) }
      }, 'light')
    },

    settleVerifications: async settlements => {
      // A pause must be there before the account is asked again.
      const urgency = settlements.some(({ account }) => account !== null) ? 0 : SETTLE_WITHIN_MS
      const resolved = await write(() => {
        const at = now()
        const telling = beginTelling(at)
        const resolved = settlements.flatMap(settlement => settleOne(settlement, at, telling))
        telling.end()
        return resolved
      }, urgency)
      if (resolved.length === 0) return
      events.emit('messagesDue')
      events.emit('resolved', resolved)
    },
  }
}

const claimedFrom = (row: TakenRow, dueAt: number, waiting: readonly WaitingRow[]): ClaimedVerification => {
  const [id, claim, partnerId, idcardid, polls, nudgedAt, lastPolledAt, failures, invalidIds, goneChecks, seen] = row
  return {
    id,
    claim,
    partnerId,
    idcardid,
    dueAt,
    polls,
    nudgedAt,
    lastPolledAt,
    failures,
    invalidIds,
    goneChecks,
    seen: seen === 1,
    waiting: waiting.map(([, id, createdAt, expiresAt]) => ({ id, createdAt, expiresAt })),
  }
}

/** A partner that has rows waiting, and when the first of them is due. */
interface Head {
  partnerId: string
  dueAt: number
}

const earliest = (survey: readonly { nextAt: number | null }[]): number | null => {
  const times = survey.flatMap(({ nextAt }) => (nextAt === null ? [] : [nextAt]))
  return times.length === 0 ? null : Math.min(...times)
}

/** A webhook waits for it. */
const SETTLE_WITHIN_MS = 2
/** Among those that are due so many more are looked at than are taken, for the one that has waited longest for its kind. */
const OVERDUE_WINDOW = 100

/** In the order of `STATE`. */
const stateOf = ({ step, answer, askedAt }: VerificationSettlement): State => [
  askedAt,
  answer.kind,
  answer.code,
  step.failures,
  step.invalidIds,
  step.goneChecks,
  step.seen ? 1 : 0,
]
type State = [number, Answer['kind'], code: number | null, number, number, number, seen: 0 | 1]

/** Of the many rows of a claim, arrays: an object of a row costs as much as finding it. */
type DueRow = [id: number, dueAt: number]
type TakenRow = [
  id: number,
  claim: number,
  partnerId: string,
  idcardid: string,
  polls: number,
  nudgedAt: number,
  lastPolledAt: number | null,
  failures: number,
  invalidIds: number,
  goneChecks: number,
  seen: 0 | 1,
]
type WaitingRow = [verificationId: number, id: string, createdAt: number, expiresAt: number]
interface VerificationRow {
  idcardid: string
  claims: number
  lastPolledAt: number | null
  rawStatus: string | null
  isResolved: 0 | 1
  isNudged: 0 | 1
  partnerId: string
}
/** One of those that wait for it, if there are any. */
type FoundRow = VerificationRow & (Ending['registration'] | { id: null })
const isWaiting = (row: FoundRow): row is VerificationRow & Ending['registration'] => row.id !== null

/** Somebody came back while the call was under way. */
const NUDGED = 'claimed_at IS NOT NULL AND nudged_at > claimed_at'
const STATE = `claimed_at = NULL, polls = polls + 1, last_polled_at = ?, last_answer = ?, last_code = ?, failures = ?,
  invalid_ids = ?, gone_checks = ?, seen = ?`

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at what is bound to a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
const prepare = ({ client }: Context) => ({
  /**
   * The first due time of each partner that has any: one index seek a partner (SQLite has no skip scan of its own), so
   * that a partner with a million rows costs no more than one with a single row.
   */
  heads: client.prepare<{ accountId: string }, Head>(`
    WITH RECURSIVE queued(partner_id) AS (
      SELECT min(partner_id) FROM verifications WHERE account_id = +@accountId AND due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(partner_id) FROM verifications
              WHERE account_id = +@accountId AND due_at IS NOT NULL AND partner_id > queued.partner_id)
      FROM queued WHERE queued.partner_id IS NOT NULL)
    SELECT queued.partner_id AS partnerId,
      (SELECT min(due_at) FROM verifications v
       WHERE v.account_id = +@accountId AND v.partner_id = queued.partner_id AND v.due_at IS NOT NULL) AS dueAt
    FROM queued JOIN partners ON partners.id = queued.partner_id
    WHERE partners.disabled = 0`),
  /**
   * Of what is due, that first which is latest in proportion to how long it was to wait: under a rate that is too low for
   * all, each is late by the same factor. What has never been asked goes before.
   */
  due: client
    .prepare<{ accountId: string; partnerId: string; at: number; window: number; limit: number }, DueRow>(`
    SELECT id, due_at FROM (SELECT id, due_at, last_polled_at FROM verifications
      WHERE account_id = +@accountId AND partner_id = +@partnerId AND due_at IS NOT NULL AND due_at <= +@at
      ORDER BY due_at LIMIT +@window)
    ORDER BY (@at - due_at + 1.0) / max(1000, due_at - coalesce(last_polled_at, due_at)) DESC, due_at, id
    LIMIT +@limit`)
    .raw(),
  claim: client
    .prepare<[at: number, leaseEnd: number, ids: string], TakenRow>(`
    UPDATE verifications SET claims = claims + 1, claimed_at = ?, due_at = ?
    WHERE id IN (SELECT value FROM json_each(?))
    RETURNING id, claims, partner_id, idcardid, polls, nudged_at, last_polled_at, failures, invalid_ids, gone_checks, seen`)
    .raw(),
  allWaiting: client
    .prepare<[ids: string], WaitingRow>(`
    SELECT verification_id, r.id, created_at, expires_at
    FROM json_each(?) asked CROSS JOIN registrations r ON ${belongs('r.no', 'asked.value')}
    WHERE status = 'pending'`)
    .raw(),
  /** A row for each registration that waits, or a single one. */
  find: client.prepare<[id: number], FoundRow>(`
    SELECT v.partner_id AS partnerId, idcardid, claims, last_polled_at AS lastPolledAt, raw_status AS rawStatus,
      verdict IS NOT NULL AS isResolved, ${NUDGED} AS isNudged,
      r.no, r.id, r.lane_id AS laneId, r.callback_url AS callbackUrl, r.metadata
    FROM verifications v LEFT JOIN registrations r ON ${belongs('r.no', 'v.id')} AND r.status = 'pending'
    WHERE v.id = +?`),
  goOn: client.prepare<[...State, rawStatus: string | null, at: number, dueAt: number, id: number, claim: number]>(`
    UPDATE verifications SET ${STATE}, raw_status = coalesce(?, raw_status), due_at = CASE WHEN ${NUDGED} THEN ? ELSE ? END
    WHERE id = ? AND claims = ? AND verdict IS NULL`),
  end: client.prepare<
    [
      ...State,
      rawStatus: string | null,
      dueAt: number | null,
      verdict: Buffer | null,
      observedAt: number | null,
      previousPollAt: number | null,
      id: number,
    ]
  >(`
    UPDATE verifications SET ${STATE}, raw_status = ?, due_at = ?, verdict = ?, observed_at = ?, previous_poll_at = ?
    WHERE id = ?`),
})
