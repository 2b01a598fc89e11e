import type { ClaimedMessage, MessageClaim, MessageSettlement, Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { and, eq, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { attempts, lanes, messages, registrations } from './schema.ts'
import { createSecretRows } from './signing-secrets.ts'
import { messageContext } from './tell.ts'

type Verbs = Pick<Store, 'claimMessages' | 'settleMessages'>
type Lane = { id: number; partnerId: string; host: string; dueAt: number; strikes: number }

/** After this many time-outs in a row a host gets one slot at a time, until it answers. */
const SLOW_AFTER_STRIKES = 3

export const createMessages = (context: Context): Verbs => {
  const { db, vault, write, read, now } = context
  const statements = prepare(context)
  const pauses = createCallbackPauses(context)
  const laneRows = createLanes(db)
  const secrets = createSecretRows(context)

  const claimOf = (lane: Lane, take: { slow: boolean; limit: number; at: number; leaseEnd: number }) => {
    const { limit, at, leaseEnd } = take
    const claimed: ClaimedMessage[] = []
    for (const row of statements.due.all({ laneId: lane.id, at, limit })) {
      if (pauses.since(lane.partnerId, row.callbackUrl) !== null) {
        statements.hold.run({ seq: row.seq })
        continue
      }
      statements.claim.run({ seq: row.seq, at, leaseEnd })
      claimed.push({
        ...row,
        claim: row.claims + 1,
        body: vault.open(row.body, messageContext(row)),
        slow: take.slow,
        strikes: lane.strikes,
        host: lane.host,
      })
    }
    statements.settleLane.run({ id: lane.id })
    return claimed
  }

  const claimLanes = (claim: MessageClaim, at: number, slow: boolean) => {
    const busyHosts = new Map(claim.busyHosts)
    const busyPartners = new Map(claim.busyPartners)
    const perHost = slow ? 1 : claim.perHost
    const leaseEnd = at + claim.leaseMs
    const claimed: ClaimedMessage[] = []
    let left = slow ? Math.min(claim.slots, claim.slowSlots) : claim.slots
    /** Full hosts stand in the way of others in the queue, but there are never more of them than slots. */
    const limit = left + busyHosts.size
    const due = statements.dueLanes.all({ slow: slow ? 1 : 0, at, limit, fullPartner: fullPartner(claim) })
    const room = ({ host, partnerId }: Lane) =>
      Math.min(left, perHost - (busyHosts.get(host) ?? 0), claim.perPartner - (busyPartners.get(partnerId) ?? 0))
    const open = due.filter(lane => room(lane) > 0)
    const share = Math.max(1, Math.ceil(left / Math.max(1, open.length)))
    for (const lane of open) {
      const take = Math.min(share, room(lane))
      if (take <= 0) continue
      const batch = claimOf(lane, { slow, limit: take, at, leaseEnd })
      busyHosts.set(lane.host, (busyHosts.get(lane.host) ?? 0) + batch.length)
      busyPartners.set(lane.partnerId, (busyPartners.get(lane.partnerId) ?? 0) + batch.length)
      left -= batch.length
      claimed.push(...batch)
    }
    return claimed
  }

  const settleOne = ({ message, step, attempt, timedOut }: MessageSettlement, at: number) => {
    statements.addAttempt.run({ messageSeq: message.seq, ...attempt })
    if (timedOut) statements.strike.run({ id: message.laneId })
    else if (message.strikes > 0) statements.forgive.run({ id: message.laneId })
    const row = statements.find.get({ seq: message.seq })
    if (!row) return
    const held = row.claims === message.claim
    const counts = held || (step.state === 'delivered' && row.state === 'pending')
    statements.settle.run({
      seq: message.seq,
      state: counts ? step.state : row.state,
      dueAt: counts ? step.dueAt : row.dueAt,
      retries: counts ? step.retries : row.retries,
      claimedAt: counts ? null : row.claimedAt,
    })
    if (counts && step.dueAt !== null) laneRows.advance(message.laneId, step.dueAt)
    if (step.gone && held) pauses.pause(message.partnerId, message.callbackUrl, at)
  }

  return {
    claimMessages: async claim => {
      const at = now()
      const first = await read(() => statements.firstLane.get())
      const nextAt = first?.dueAt ?? null
      if (nextAt === null || nextAt > at || claim.slots <= 0) return { messages: [], secrets: new Map(), nextAt }
      return write(() => {
        const quick = claimLanes(claim, at, false)
        const slow = claimLanes({ ...claim, slots: claim.slots - quick.length }, at, true)
        const claimed = [...quick, ...slow]
        const next = statements.firstLane.get()?.dueAt ?? null
        return { messages: claimed, secrets: secrets.of(new Set(claimed.map(one => one.partnerId))), nextAt: next }
      })
    },

    settleMessages: settlements =>
      write(() => {
        const at = now()
        for (const settlement of settlements) settleOne(settlement, at)
      }),
  }
}

/** A partner that holds its whole share; at most one or two can, and their lanes must not hide the others'. */
const fullPartner = ({ busyPartners, perPartner }: MessageClaim): string =>
  [...busyPartners].find(([, busy]) => busy >= perPartner)?.[0] ?? ''

const placeholder = (name: string) => sql`${sql.placeholder(name)}`

const prepare = ({ db, client }: Context) => ({
  firstLane: client.prepare<[], { dueAt: number | null }>(`
    SELECT min(due_at) AS dueAt FROM (
      SELECT min(due_at) AS due_at FROM lanes WHERE slow = 0 AND due_at IS NOT NULL
      UNION ALL SELECT min(due_at) FROM lanes WHERE slow = 1 AND due_at IS NOT NULL)`),
  dueLanes: client.prepare<{ slow: number; at: number; limit: number; fullPartner: string }, Lane>(`
    SELECT lanes.id, lanes.partner_id AS partnerId, lanes.host, lanes.due_at AS dueAt, lanes.strikes
    FROM lanes JOIN partners ON partners.id = lanes.partner_id
    WHERE lanes.slow = @slow AND lanes.due_at <= @at AND partners.disabled = 0 AND lanes.partner_id <> @fullPartner
    ORDER BY lanes.due_at LIMIT @limit`),
  due: db
    .select({
      seq: messages.seq,
      claims: messages.claims,
      partnerId: messages.partnerId,
      registrationId: messages.registrationId,
      laneId: messages.laneId,
      callbackUrl: registrations.callbackUrl,
      body: messages.body,
      attempts: messages.attempts,
      retries: messages.retries,
    })
    .from(messages)
    .innerJoin(registrations, eq(registrations.id, messages.registrationId))
    .where(
      and(
        eq(messages.laneId, sql.placeholder('laneId')),
        sql`${messages.dueAt} IS NOT NULL AND ${messages.dueAt} <= ${sql.placeholder('at')}`,
      ),
    )
    .orderBy(messages.dueAt)
    .limit(sql.placeholder('limit'))
    .prepare(),
  claim: db
    .update(messages)
    .set({ claims: sql`claims + 1`, claimedAt: placeholder('at'), dueAt: placeholder('leaseEnd') })
    .where(eq(messages.seq, sql.placeholder('seq')))
    .prepare(),
  hold: db
    .update(messages)
    .set({ dueAt: null })
    .where(eq(messages.seq, sql.placeholder('seq')))
    .prepare(),
  /** Leases count as due times too: a crashed worker's messages bring their lane back. */
  settleLane: db
    .update(lanes)
    .set({
      dueAt: sql`(SELECT min(due_at) FROM messages WHERE lane_id = ${sql.placeholder('id')} AND due_at IS NOT NULL)`,
    })
    .where(eq(lanes.id, sql.placeholder('id')))
    .prepare(),
  strike: db
    .update(lanes)
    .set({ strikes: sql`strikes + 1`, slow: sql`strikes + 1 >= ${SLOW_AFTER_STRIKES}` })
    .where(eq(lanes.id, sql.placeholder('id')))
    .prepare(),
  forgive: db
    .update(lanes)
    .set({ strikes: 0, slow: false })
    .where(eq(lanes.id, sql.placeholder('id')))
    .prepare(),
  find: db
    .select({
      claims: messages.claims,
      state: messages.state,
      dueAt: messages.dueAt,
      retries: messages.retries,
      claimedAt: messages.claimedAt,
    })
    .from(messages)
    .where(eq(messages.seq, sql.placeholder('seq')))
    .prepare(),
  settle: db
    .update(messages)
    .set({
      state: placeholder('state'),
      dueAt: placeholder('dueAt'),
      retries: placeholder('retries'),
      claimedAt: placeholder('claimedAt'),
      attempts: sql`attempts + 1`,
    })
    .where(eq(messages.seq, sql.placeholder('seq')))
    .prepare(),
  addAttempt: db
    .insert(attempts)
    .values({
      messageSeq: sql.placeholder('messageSeq'),
      at: sql.placeholder('at'),
      outcome: sql.placeholder('outcome'),
      httpStatus: sql.placeholder('httpStatus'),
      error: sql.placeholder('error'),
      durationMs: sql.placeholder('durationMs'),
      responseExcerpt: sql.placeholder('responseExcerpt'),
    })
    .prepare(),
})
