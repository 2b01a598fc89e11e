import { AppError } from '../../core/error.ts'
import type { NewRegistration, Registered, Registration, Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { and, eq, notInArray, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { belongs, NESTED } from './nesting.ts'
import { createQuotas } from './quotas.ts'
import { beginLookups, type Lookups } from './registration-lookups.ts'
import { selectRegistrations, toRegistration } from './registration-rows.ts'
import { attempts, messages, registrations, verifications } from './schema.ts'
import { createTeller } from './tell.ts'

type Verbs = Pick<Store, 'register' | 'findRegistration' | 'cancel' | 'nudge' | 'resend'>

export const createRegistrations = (context: Context): Verbs => {
  const { client, write, read, sealed, now, events } = context
  const statements = prepare(context)
  const pauses = createCallbackPauses(context)
  const lanes = createLanes(client)
  const quotas = createQuotas(context)
  const beginTelling = createTeller(context)

  const find = (partnerId: string, id: string): Registration | null => {
    const row = statements.find.get({ partnerId, id })
    return row ? toRegistration(sealed, row) : null
  }

  const registerOne = (item: NewRegistration, at: number, { limitsOf, laneOf }: Lookups): Registered => {
    const { partnerId, accountId, idcardid, callbackUrl } = item
    const verification = statements.findVerification.get(idcardid, accountId)
    if (verification && verification.partnerId !== partnerId) return { outcome: 'taken' }
    const existing = verification && statements.findLive.get({ ...numbersOf(verification.id), callbackUrl })
    if (existing) return { outcome: 'existing', registration: toRegistration(sealed, existing) }

    const knownLane = laneOf(partnerId, callbackUrl)
    const overQuota = quotas.take(partnerId, { at, isNewHost: knownLane === null, limits: limitsOf(partnerId) })
    if (overQuota) return overQuota

    const laneId = knownLane ?? lanes.add(partnerId, callbackUrl)
    const verificationId = verification?.id ?? addVerification(item, at)
    const metadata = JSON.stringify(item.metadata)
    const expiresAt = item.expiresAt ?? at + item.ttlMs
    const no = verification ? nextNo(verificationId) : numbersOf(verificationId).first
    statements.add.run(no, item.id, partnerId, verificationId, callbackUrl, laneId, metadata, at, expiresAt)
    if (!verification) return { outcome: 'created', registration: fresh(item, { at, expiresAt }) }

    const verdict = sealed.verdict.open({ partnerId, idcardid, verdict: verification.verdict })
    if (verdict) {
      const telling = beginTelling()
      telling.tell({
        registration: { no, id: item.id, partnerId, laneId, callbackUrl, metadata },
        idcardid,
        verdict,
        reason: null,
        rawStatus: verdict.status,
        observedAt: verification.observedAt ?? at,
        previousPollAt: verification.previousPollAt,
      })
      telling.end()
    } else statements.nudge.run({ id: verificationId, at })
    return { outcome: 'created', registration: find(partnerId, item.id) as Registration }
  }

  const nextNo = (verificationId: number): number => {
    const { first, last } = numbersOf(verificationId)
    const no = (statements.lastNo.get({ verificationId }) ?? first - 1) + 1
    if (no > last) throw new AppError('conflict', 'a serial cannot have more registrations')
    return no
  }

  const addVerification = ({ partnerId, accountId, idcardid }: NewRegistration, at: number): number =>
    Number(statements.addVerification.run(accountId, partnerId, idcardid, at, at, at).lastInsertRowid)

  /** Their partners name the URLs again, so they are there again: what a 410 held back goes on. */
  const liftPauses = (items: readonly NewRegistration[], at: number): boolean => {
    const named = new Map(items.map(item => [`${item.partnerId} ${item.callbackUrl}`, item]))
    const lifted = [...named.values()].filter(item => pauses.lift(item.partnerId, item.callbackUrl, at))
    return lifted.length > 0
  }

  return {
    register: async items => {
      const { registered, isLifted } = await write(() => {
        const at = now()
        const lookups = beginLookups({ quotas, lanes })
        const registered = items.map(item => registerOne(item, at, lookups))
        const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
        return { registered, isLifted: liftPauses(named, at) }
      })
      const created = registered.flatMap(one => (one.outcome === 'created' ? [one.registration] : []))
      if (created.some(one => one.status === 'pending')) events.emit('verificationsDue')
      if (created.length > 0 || isLifted) events.emit('messagesDue')
      return registered
    },

    findRegistration: (partnerId, id) => read(() => find(partnerId, id)),

    cancel: async (partnerId, id) => {
      const cancelled = await write(() => {
        const registration = find(partnerId, id)
        if (!registration || registration.status === 'cancelled') return registration
        statements.cancel.run({ id, at: now() })
        statements.stopMessage.run({ id })
        statements.rest.run({ id })
        statements.forget.run({ id })
        statements.forgetExcerpts.run({ id })
        return find(partnerId, id)
      })
      if (cancelled) {
        events.emit('withdrawn', { partnerId, registrationId: id })
        events.emit('resolved', [id])
      }
      return cancelled
    },

    nudge: async (partnerId, id) => {
      const nudged = await write(() => {
        const row = statements.find.get({ partnerId, id })
        if (row?.status === 'pending') statements.nudge.run({ id: row.verificationId, at: now() })
        return find(partnerId, id)
      })
      if (nudged) events.emit('verificationsDue')
      return nudged
    },

    resend: async (partnerId, id) => {
      const outcome = await write(() => {
        const row = statements.find.get({ partnerId, id })
        if (!row) return null
        if (row.status === 'cancelled') return 'cancelled'
        if (row.messageSeq === null) return 'no_message'
        const at = now()
        pauses.lift(partnerId, row.callbackUrl, at)
        lanes.advance(statements.resend.get({ seq: row.messageSeq, at }).laneId, at)
        return 'resent'
      })
      if (outcome === 'resent') events.emit('messagesDue')
      return outcome
    },
  }
}

/** The registration of a serial that nobody had registered, without reading back what was just written. */
const fresh = (item: NewRegistration, { at, expiresAt }: { at: number; expiresAt: number }): Registration => ({
  id: item.id,
  partnerId: item.partnerId,
  idcardid: item.idcardid,
  callbackUrl: item.callbackUrl,
  metadata: item.metadata,
  status: 'pending',
  reason: null,
  verdict: null,
  polls: 0,
  lastPolledAt: null,
  nextPollAt: at,
  delivery: { messageId: null, state: 'pending', attempts: 0, nextAttemptAt: null },
  createdAt: at,
  expiresAt,
  resolvedAt: null,
})

const id = sql.placeholder('id')
const at = sql.placeholder('at')
const ofVerification = sql.raw(belongs('r.no', 'verifications.id'))

const numbersOf = (verificationId: number) => ({
  first: verificationId * NESTED,
  last: verificationId * NESTED + NESTED - 1,
})

interface FoundVerification {
  id: number
  partnerId: string
  verdict: Buffer | null
  observedAt: number | null
  previousPollAt: number | null
}

const prepare = ({ db, client }: Context) => ({
  find: selectRegistrations(db)
    .where(and(eq(registrations.id, id), eq(registrations.partnerId, sql.placeholder('partnerId'))))
    .prepare(),
  findLive: selectRegistrations(db)
    .where(
      and(
        sql`registrations.no BETWEEN ${sql.placeholder('first')} AND ${sql.placeholder('last')}`,
        eq(registrations.callbackUrl, sql.placeholder('callbackUrl')),
        notInArray(registrations.status, ['unresolved', 'cancelled']),
      ),
    )
    .prepare(),
  findVerification: client.prepare<[idcardid: string, accountId: string], FoundVerification>(`
    SELECT id, partner_id AS partnerId, verdict, observed_at AS observedAt, previous_poll_at AS previousPollAt
    FROM verifications WHERE idcardid = ? AND account_id = ?`),
  addVerification: client.prepare<[string, string, string, createdAt: number, nudgedAt: number, dueAt: number]>(`
    INSERT INTO verifications (account_id, partner_id, idcardid, created_at, nudged_at, due_at)
    VALUES (?, ?, ?, ?, ?, ?)`),
  add: client.prepare<
    [
      no: number,
      id: string,
      partnerId: string,
      verificationId: number,
      callbackUrl: string,
      laneId: number,
      metadata: string,
      createdAt: number,
      expiresAt: number,
    ]
  >(`
    INSERT INTO registrations (no, id, partner_id, verification_id, callback_url, lane_id, metadata, status, created_at,
      expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)`),
  lastNo: client
    .prepare<{ verificationId: number }, number | null>(
      `SELECT max(no) FROM registrations WHERE ${belongs('no', '+@verificationId')}`,
    )
    .pluck(),
  /** While a call is in flight the lease stays, and settling it sees that a nudge came in between. */
  nudge: db
    .update(verifications)
    .set({
      nudgedAt: sql`${at}`,
      dueAt: sql`CASE WHEN claimed_at IS NOT NULL AND due_at > ${at} THEN due_at ELSE ${at} END`,
    })
    .where(eq(verifications.id, id))
    .prepare(),
  cancel: db
    .update(registrations)
    .set({ status: 'cancelled', metadata: '{}', resolvedAt: sql`coalesce(resolved_at, ${at})` })
    .where(eq(registrations.id, id))
    .prepare(),
  /** Erases what it said; the count moves on, so that an attempt in flight cannot schedule another. */
  stopMessage: db
    .update(messages)
    .set({
      state: sql`CASE state WHEN 'pending' THEN 'exhausted' ELSE state END`,
      dueAt: null,
      claimedAt: null,
      claims: sql`claims + 1`,
      body: Buffer.alloc(0),
    })
    .where(sql`seq = (SELECT message_seq FROM registrations WHERE id = ${id})`)
    .prepare(),
  forgetExcerpts: db
    .update(attempts)
    .set({ responseExcerpt: null })
    .where(
      sql`no BETWEEN (SELECT message_seq FROM registrations WHERE id = ${id}) * ${sql.raw(String(NESTED))}
        AND (SELECT message_seq FROM registrations WHERE id = ${id}) * ${sql.raw(String(NESTED))} + ${sql.raw(String(NESTED - 1))}`,
    )
    .prepare(),
  /** The verdict goes with the last registration that was told it. */
  forget: db
    .update(verifications)
    .set({ verdict: null, rawStatus: null, observedAt: null, previousPollAt: null })
    .where(
      sql`id = (SELECT verification_id FROM registrations WHERE id = ${id}) AND NOT EXISTS (
        SELECT 1 FROM registrations r WHERE ${ofVerification} AND r.status <> 'cancelled')`,
    )
    .prepare(),
  /** Nobody waits for the serial any more, so nobody asks. */
  rest: db
    .update(verifications)
    .set({ dueAt: null, claimedAt: null, claims: sql`claims + 1` })
    .where(
      sql`id = (SELECT verification_id FROM registrations WHERE id = ${id}) AND verdict IS NULL AND NOT EXISTS (
        SELECT 1 FROM registrations r WHERE ${ofVerification} AND r.status = 'pending')`,
    )
    .prepare(),
  resend: db
    .update(messages)
    .set({
      state: 'pending',
      dueAt: sql`${at}`,
      claimedAt: null,
      retries: 0,
      claims: sql`claims + 1`,
      fence: sql`claims + 1`,
    })
    .where(eq(messages.seq, sql.placeholder('seq')))
    .returning({ laneId: messages.laneId })
    .prepare(),
})
