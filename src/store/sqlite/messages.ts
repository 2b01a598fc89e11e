import type { MessageState, MessageStep } from '../../core/message.ts'
import type { Attempt, AttemptKind, ClaimedMessage, MessageClaim, MessageSettlement, Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'
import { NESTED } from './nesting.ts'
import { createSecretRows } from './signing-secrets.ts'

type Verbs = Pick<Store, 'claimMessages' | 'settleMessages'>
/** What is in flight, with what the claim adds. */
type Busy = MessageClaim & {
  busyHosts: Map<string, number>
  busyPartners: Map<string, number>
  busyUnproven: Map<string, number>
}
type Lane = { id: number; partnerId: string; host: string; dueAt: number; strikes: number; proven: 0 | 1 }

/** After this many time-outs in a row a host gets one slot at a time, until it answers. */
const SLOW_AFTER_STRIKES = 3

export const createMessages = (context: Context): Verbs => {
  const { client, sealed, write, read, now, events } = context
  const statements = prepare(context)
  const pauses = createCallbackPauses(context)
  const laneRows = createLanes(client)
  const secrets = createSecretRows(context)

  const readyOf = (lane: Lane, { slow, limit, at }: { slow: boolean; limit: number; at: number }): ClaimedMessage[] =>
    dueOf(lane, at, limit).flatMap(row => {
      const [seq, claims, registrationId, callbackUrl, bytes, attempts, retries] = row
      const body = openBody({ seq, partnerId: lane.partnerId, registrationId, body: bytes })
      if (body === null) return []
      return {
        seq,
        claim: claims + 1,
        partnerId: lane.partnerId,
        registrationId,
        laneId: lane.id,
        slow,
        proven: lane.proven === 1,
        strikes: lane.strikes,
        host: lane.host,
        callbackUrl,
        body,
        attempts,
        retries,
      }
    })

  /** Null: damaged, or sealed under a key that is not there. One such row must not keep all others from being sent. */
  const openBody = (row: { seq: number; partnerId: string; registrationId: string; body: Buffer }): Buffer | null => {
    try {
      return sealed.message.openBytes(row)
    } catch {
      statements.setAside.run(row.seq)
      events.emit('unreadable', row.registrationId)
      return null
    }
  }

  /** The first due messages of a lane, after those for paused URLs have been set aside. */
  const dueOf = (lane: Lane, at: number, limit: number): DueRow[] => {
    const mayBePaused = pauses.hasAny(lane.partnerId)
    for (;;) {
      const rows = statements.due.all(lane.id, at, limit)
      const paused = mayBePaused ? rows.find(([, , , url]) => pauses.since(lane.partnerId, url) !== null) : undefined
      if (!paused) return rows
      statements.hold.run({ laneId: lane.id, at, callbackUrl: paused[3] })
    }
  }

  const claimLanes = (claim: Busy, at: number, slow: boolean) => {
    const { busyHosts, busyPartners, busyUnproven, perPartner, unproven } = claim
    const claimed: ClaimedMessage[] = []
    const looked = new Set<number>()
    let left = slow ? Math.min(claim.slots, claim.slowSlots) : claim.slots
    const countOf = (busy: ReadonlyMap<string, number>, key: string) => busy.get(key) ?? 0
    const add = (busy: Map<string, number>, key: string, count: number) => busy.set(key, countOf(busy, key) + count)
    // A slow host has its own, narrower share.
    const isFree = ({ proven }: Lane) => slow || proven === 1
    /** One may always try: however many hang, a new host is not kept from showing that it does not. */
    const roomForUnproven = ({ host, partnerId }: Lane) =>
      Math.max(countOf(busyHosts, host) === 0 ? 1 : 0, unproven.perPartner - countOf(busyUnproven, partnerId))
    const most = (host: string) => (slow ? 1 : claim.perHost + countOf(claim.ahead, host))
    const isFull = (host: string, count: number) => count >= most(host)
    const room = (lane: Lane) =>
      Math.min(
        left,
        most(lane.host) - countOf(busyHosts, lane.host),
        perPartner - countOf(busyPartners, lane.partnerId),
        isFree(lane) ? left : roomForUnproven(lane),
      )
    const open = statements.dueLanes.all({
      slow: slow ? 1 : 0,
      at,
      limit: left,
      fullHosts: fullOnes(busyHosts, isFull),
      fullPartners: fullOnes(busyPartners, (_, count) => count >= perPartner),
      triedHosts: slow ? NOBODY : fullOnes(busyHosts, (_, count) => count >= 1),
      fullUnprovenPartners: slow ? NOBODY : fullOnes(busyUnproven, (_, count) => count >= unproven.perPartner),
    })
    const share = Math.max(1, Math.ceil(left / Math.max(1, open.length)))
    for (const lane of open) {
      const take = Math.min(share, room(lane))
      if (take <= 0) continue
      const batch = readyOf(lane, { slow, limit: take, at })
      looked.add(lane.id)
      add(busyHosts, lane.host, batch.length)
      add(busyPartners, lane.partnerId, batch.length)
      if (!isFree(lane)) add(busyUnproven, lane.partnerId, batch.length)
      left -= batch.length
      claimed.push(...batch)
    }
    return { claimed, looked }
  }

  /** The earliest due time of a lane. */
  const firstDue = (): number | null => {
    const quick = statements.firstQuick.get() ?? null
    const slow = statements.firstSlow.get() ?? null
    return quick === null || slow === null ? (quick ?? slow) : Math.min(quick, slow)
  }

  const settleOne = ({ message, step, attempt, timedOut }: MessageSettlement, at: number) => {
    const { seq, laneId } = message
    if (attempt === null) return giveBack(message, step)
    if (timedOut) statements.strike.run(laneId)
    else if (message.strikes > 0 || !message.proven) statements.forgive.run(laneId)
    // The usual case in one statement. What it counts for has not been erased.
    if (step.state === 'delivered' && statements.deliver.run(seq, message.claim).changes === 1)
      return record(seq, attempt)
    const row = statements.find.get(seq)
    if (!row) return
    const held = row.claims === message.claim
    if (held && row.state === 'pending') {
      statements.settle.run(step.state, step.dueAt, step.retries, seq)
      if (step.dueAt !== null) laneRows.advance(laneId, step.dueAt)
    } else statements.count.run(seq)
    // What was erased while the attempt was under way stays so.
    record(seq, row.isErased ? { ...attempt, responseExcerpt: null } : attempt)
    if (step.gone && held) pauses.pause(message.partnerId, message.callbackUrl, at)
  }

  const giveBack = ({ seq, claim, laneId }: MessageSettlement['message'], { dueAt }: MessageStep) => {
    if (dueAt !== null && statements.giveBack.run(dueAt, seq, claim).changes === 1) laneRows.advance(laneId, dueAt)
  }

  /** It has been counted already. */
  const record = (seq: number, { at, outcome, httpStatus, error, durationMs, responseExcerpt }: Attempt) => {
    statements.addAttempt.run(seq, seq, at, outcome, httpStatus, error, durationMs, responseExcerpt)
  }

  return {
    claimMessages: async claim => {
      const at = now()
      const nextAt = await read(firstDue)
      if (nextAt === null || nextAt > at || claim.slots <= 0) return { messages: [], secrets: new Map(), nextAt }
      return write(() => {
        const busy = {
          busyHosts: new Map(claim.busyHosts),
          busyPartners: new Map(claim.busyPartners),
          busyUnproven: new Map(claim.unproven.busyPartners),
        }
        const quick = claimLanes({ ...claim, ...busy }, at, false)
        const slow = claimLanes({ ...claim, ...busy, slots: claim.slots - quick.claimed.length }, at, true)
        const messages = [...quick.claimed, ...slow.claimed]
        statements.claim.run(at, at + claim.leaseMs, JSON.stringify(messages.map(({ seq }) => seq)))
        for (const id of [...quick.looked, ...slow.looked]) statements.settleLane.run(id, id)
        const partnerIds = new Set(messages.map(({ partnerId }) => partnerId))
        return { messages, secrets: secrets.of(partnerIds), nextAt: firstDue() }
      })
    },

    settleMessages: settlements =>
      write(() => {
        const at = now()
        for (const settlement of settlements) settleOne(settlement, at)
      }),
  }
}

const NOBODY = '[]'

/** Those that have their whole share, as JSON: their lanes must not stand before the others'. */
const fullOnes = (busy: ReadonlyMap<string, number>, isFull: (key: string, count: number) => boolean): string =>
  JSON.stringify([...busy].flatMap(([key, count]) => (isFull(key, count) ? [key] : [])))

const firstOf = (slow: string) => `
  SELECT lanes.due_at FROM lanes JOIN partners ON partners.id = lanes.partner_id
  WHERE lanes.${slow} AND lanes.due_at IS NOT NULL AND partners.disabled = 0 ORDER BY lanes.due_at LIMIT 1`

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at what is bound to a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
const prepare = ({ client }: Context) => ({
  firstQuick: client.prepare<[], number>(firstOf('slow = 0')).pluck(),
  firstSlow: client.prepare<[], number>(firstOf('slow = 1')).pluck(),
  dueLanes: client.prepare<LaneQuestion, Lane>(`
    SELECT lanes.id, lanes.partner_id AS partnerId, lanes.host, lanes.due_at AS dueAt, lanes.strikes, lanes.proven
    FROM lanes JOIN partners ON partners.id = lanes.partner_id
    WHERE lanes.slow = +@slow AND lanes.due_at <= +@at AND partners.disabled = 0
      AND lanes.partner_id NOT IN (SELECT value FROM json_each(@fullPartners))
      AND lanes.host NOT IN (SELECT value FROM json_each(@fullHosts))
      AND (lanes.proven OR lanes.host NOT IN (SELECT value FROM json_each(@triedHosts))
        OR lanes.partner_id NOT IN (SELECT value FROM json_each(@fullUnprovenPartners)))
    ORDER BY lanes.due_at LIMIT +@limit`),
  due: client
    .prepare<[laneId: number, at: number, limit: number], DueRow>(`
    SELECT seq, claims, registration_id, callback_url, body, attempts, retries FROM messages
    WHERE lane_id = +? AND due_at IS NOT NULL AND due_at <= +? ORDER BY due_at LIMIT +?`)
    .raw(),
  claim: client.prepare<[at: number, leaseEnd: number, seqs: string]>(`
    UPDATE messages SET claims = claims + 1, claimed_at = ?, due_at = ?
    WHERE seq IN (SELECT value FROM json_each(?))`),
  setAside: client.prepare<[seq: number]>('UPDATE messages SET due_at = NULL WHERE seq = ?'),
  hold: client.prepare<{ laneId: number; at: number; callbackUrl: string }>(`
    UPDATE messages SET due_at = NULL, claimed_at = NULL
    WHERE lane_id = @laneId AND due_at <= @at AND callback_url = @callbackUrl`),
  /** Leases count as due times too: a crashed worker's messages bring their lane back. */
  settleLane: client.prepare<[id: number, id: number]>(`
    UPDATE lanes SET due_at = (SELECT min(due_at) FROM messages WHERE lane_id = +? AND due_at IS NOT NULL)
    WHERE id = ?`),
  strike: client.prepare<[id: number]>(`
    UPDATE lanes SET strikes = strikes + 1, slow = strikes + 1 >= ${SLOW_AFTER_STRIKES}, proven = 0 WHERE id = ?`),
  forgive: client.prepare<[id: number]>('UPDATE lanes SET strikes = 0, slow = 0, proven = 1 WHERE id = ?'),
  find: client.prepare<[seq: number], { claims: number; state: MessageState; isErased: 0 | 1 }>(
    'SELECT claims, state, length(body) = 0 AS isErased FROM messages WHERE seq = ?',
  ),
  /** Also where the lease ran out and another attempt has begun; but where it was resent meanwhile, it goes out again. */
  deliver: client.prepare<[seq: number, claim: number]>(`
    UPDATE messages SET state = 'delivered', due_at = NULL, claimed_at = NULL, attempts = attempts + 1
    WHERE seq = ? AND state = 'pending' AND fence <= ?`),
  settle: client.prepare<[state: MessageState, dueAt: number | null, retries: number, seq: number]>(`
    UPDATE messages SET state = ?, due_at = ?, retries = ?, claimed_at = NULL, attempts = attempts + 1 WHERE seq = ?`),
  /** Of an attempt that was not made. */
  giveBack: client.prepare<[dueAt: number, seq: number, claim: number]>(`
    UPDATE messages SET due_at = ?, claimed_at = NULL
    WHERE seq = ? AND claims = ? AND state = 'pending' AND due_at IS NOT NULL`),
  /** An attempt that decides nothing any more. */
  count: client.prepare<[seq: number]>('UPDATE messages SET attempts = attempts + 1 WHERE seq = ?'),
  addAttempt: client.prepare<
    [seq: number, seq: number, at: number, AttemptKind, number | null, string | null, number, excerpt: string | null]
  >(`
    INSERT OR REPLACE INTO attempts (no, at, outcome, http_status, error, duration_ms, response_excerpt)
    VALUES (? * ${NESTED} + (SELECT min(attempts, ${NESTED - 1}) FROM messages WHERE seq = ?), ?, ?, ?, ?, ?, ?)`),
})

interface LaneQuestion {
  slow: number
  at: number
  limit: number
  fullHosts: string
  fullPartners: string
  triedHosts: string
  fullUnprovenPartners: string
}

/** An array: an object of a row costs as much as finding it. */
type DueRow = [
  seq: number,
  claims: number,
  registrationId: string,
  callbackUrl: string,
  body: Buffer,
  attempts: number,
  retries: number,
]
