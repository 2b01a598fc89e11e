import type { ClaimedMessage, MessageClaim, MessageSettlement, Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { and, eq, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { attempts, lanes, messages, registrations } from './schema.ts'
import { createSecretRows } from './signing-secrets.ts'
import { messageContext } from './tell.ts'

type Verbs = Pick<Store, 'claimMessages' | 'settleMessages'>
/** What is in flight, with what the claim adds. */
type Busy = MessageClaim & { busyHosts: Map<string, number>; busyPartners: Map<string, number> }
type Lane = { id: number; partnerId: string; host: string; dueAt: number; strikes: number }

/** After this many time-outs in a row a host gets one slot at a time, until it answers. */
const SLOW_AFTER_STRIKES = 3

export const createMessages = (context: Context): Verbs => {
  const { db, vault, write, read, now, events } = context
  const statements = prepare(context)
  const pauses = createCallbackPauses(context)
  const laneRows = createLanes(db)
  const secrets = createSecretRows(context)

  const claimOf = (lane: Lane, take: { slow: boolean; limit: number; at: number; leaseEnd: number }) => {
    const { limit, at, leaseEnd } = take
    const claimed: ClaimedMessage[] = []
    for (const row of dueOf(lane, at, limit)) {
      const body = openBody(row)
      if (body === null) {
        statements.setAside.run({ seq: row.seq })
        events.emit('unreadable', row.registrationId)
        continue
      }
      statements.claim.run({ seq: row.seq, at, leaseEnd })
      claimed.push({
        ...row,
        claim: row.claims + 1,
        body,
        slow: take.slow,
        strikes: lane.strikes,
        host: lane.host,
      })
    }
    statements.settleLane.run({ id: lane.id })
    return claimed
  }

  /** Null: damaged, or sealed under a key that is not there. One such row must not keep all others from being sent. */
  const openBody = (row: { body: Buffer; partnerId: string; registrationId: string }): string | null => {
    try {
      return vault.open(row.body, messageContext(row))
    } catch {
      return null
    }
  }

  /** The first due messages of a lane, after those for paused URLs have been set aside. */
  const dueOf = (lane: Lane, at: number, limit: number) => {
    for (;;) {
      const rows = statements.due.all({ laneId: lane.id, at, limit })
      const paused = rows.find(row => pauses.since(lane.partnerId, row.callbackUrl) !== null)
      if (!paused) return rows
      statements.hold.run({ laneId: lane.id, at, callbackUrl: paused.callbackUrl })
    }
  }

  const claimLanes = (claim: Busy, at: number, slow: boolean) => {
    const { busyHosts, busyPartners, perPartner } = claim
    const perHost = slow ? 1 : claim.perHost
    const leaseEnd = at + claim.leaseMs
    const claimed: ClaimedMessage[] = []
    let left = slow ? Math.min(claim.slots, claim.slowSlots) : claim.slots
    const room = ({ host, partnerId }: Lane) =>
      Math.min(left, perHost - (busyHosts.get(host) ?? 0), perPartner - (busyPartners.get(partnerId) ?? 0))
    const open = statements.dueLanes.all({
      slow: slow ? 1 : 0,
      at,
      limit: left,
      fullHosts: fullOnes(busyHosts, perHost),
      fullPartners: fullOnes(busyPartners, perPartner),
    })
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
    if (timedOut) statements.strike.run({ id: message.laneId })
    else if (message.strikes > 0) statements.forgive.run({ id: message.laneId })
    const row = statements.find.get({ seq: message.seq })
    if (!row) return
    // What was erased while the attempt was under way stays so.
    const responseExcerpt = row.isErased ? null : attempt.responseExcerpt
    statements.addAttempt.run({ messageSeq: message.seq, ...attempt, responseExcerpt })
    const held = row.claims === message.claim
    const counts = row.state === 'pending' && (held || step.state === 'delivered')
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
        const busy = { busyHosts: new Map(claim.busyHosts), busyPartners: new Map(claim.busyPartners) }
        const quick = claimLanes({ ...claim, ...busy }, at, false)
        const slow = claimLanes({ ...claim, ...busy, slots: claim.slots - quick.length }, at, true)
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

/** Those that have their whole share, as JSON: their lanes must not stand before the others'. */
const fullOnes = (busy: ReadonlyMap<string, number>, share: number): string =>
  JSON.stringify([...busy].flatMap(([key, count]) => (count >= share ? [key] : [])))

const placeholder = (name: string) => sql`${sql.placeholder(name)}`

const firstOf = (slow: string) => `SELECT * FROM (
  SELECT lanes.due_at FROM lanes JOIN partners ON partners.id = lanes.partner_id
  WHERE lanes.${slow} AND lanes.due_at IS NOT NULL AND partners.disabled = 0 ORDER BY lanes.due_at LIMIT 1)`

const prepare = ({ db, client }: Context) => ({
  firstLane: client.prepare<[], { dueAt: number | null }>(`
    SELECT min(due_at) AS dueAt FROM (${firstOf('slow = 0')} UNION ALL ${firstOf('slow = 1')})`),
  dueLanes: client.prepare<{ slow: number; at: number; limit: number; fullHosts: string; fullPartners: string }, Lane>(`
    SELECT lanes.id, lanes.partner_id AS partnerId, lanes.host, lanes.due_at AS dueAt, lanes.strikes
    FROM lanes JOIN partners ON partners.id = lanes.partner_id
    WHERE lanes.slow = @slow AND lanes.due_at <= @at AND partners.disabled = 0
      AND lanes.partner_id NOT IN (SELECT value FROM json_each(@fullPartners))
      AND lanes.host NOT IN (SELECT value FROM json_each(@fullHosts))
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
  setAside: db
    .update(messages)
    .set({ dueAt: null })
    .where(eq(messages.seq, sql.placeholder('seq')))
    .prepare(),
  hold: client.prepare<{ laneId: number; at: number; callbackUrl: string }>(`
    UPDATE messages SET due_at = NULL, claimed_at = NULL
    WHERE lane_id = @laneId AND due_at <= @at
      AND (SELECT callback_url FROM registrations WHERE id = messages.registration_id) = @callbackUrl`),
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
      isErased: sql<number>`length(${messages.body}) = 0`,
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
