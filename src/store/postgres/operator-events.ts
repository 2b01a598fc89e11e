import {
  afterNote,
  byUrgency,
  LONGEST_OPERATOR_WAIT_MS,
  type OperatorCondition,
  type OperatorEvent,
  overflowing,
} from '../../core/operator-event.ts'
import { CHANNEL_REFUSING, EVENTS_CLAIMABLE } from '../facts.ts'
import {
  afterSettling,
  type ClaimedOperatorEvent,
  claimableFrom,
  type EndedCallbackEvent,
  nextClaimAt,
  notedAs,
  urlsOfEvent,
} from '../operator-events.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { findFact, putFact, removeFact } from './facts.ts'

type Verbs = Pick<
  Store,
  | 'noteOperatorEvents'
  | 'claimOperatorEvents'
  | 'settleOperatorEvents'
  | 'endedCallbackEvents'
  | 'recordOperatorChannel'
>
/** `details` is JSON. */
type Row = Omit<ClaimedOperatorEvent, 'details'> & { details: string }
type Values = OperatorEvent & Pick<ClaimedOperatorEvent, 'claim' | 'tries'>

/** Whoever changes any of them has this lock: how many there are, and when the next may claim, is of all together. */
const LOCK = 'operator events'

/** What operators are to be told of. */
export const createOperatorEvents = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => {
  const change = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
    write(async tx => {
      await tx.lock([LOCK])
      return run(tx)
    })

  return {
    noteOperatorEvents: notes =>
      change(async tx => {
        const known = new Map((await findAll(tx, notes)).map(row => [keyOf(row), row as Values]))
        const changed = new Map<string, Values>()
        const before = known.size
        const results = notes.map(note => {
          const key = keyOf(note)
          const row = known.get(key) ?? null
          const after = afterNote(row, note, tx.at)
          if (after) {
            const values = { claim: 0, tries: 0, ...row, ...after }
            known.set(key, values)
            changed.set(key, values)
          }
          return notedAs(after, tx.at)
        })
        await save(tx, [...changed.values()])
        return { results, dropped: known.size === before ? [] : await dropOverflow(tx) }
      }),

    claimOperatorEvents: async ({ limit, leaseMs, gapMs }) => {
      const { next, at } = await read(async tx => ({ next: await nextAt(tx), at: tx.at }))
      if (next === null || next > at) return { events: [], nextAt: next }
      return change(async tx => {
        if ((await claimable(tx)) > tx.at) return { events: [], nextAt: await nextAt(tx) }
        const events = (await due(tx))
          .toSorted(byUrgency)
          .slice(0, limit)
          .map(event => ({ ...event, claim: event.claim + 1 }))
        await save(
          tx,
          events.map(event => ({ ...event, dueAt: tx.at + leaseMs })),
        )
        await putFact(tx, EVENTS_CLAIMABLE, tx.at + gapMs)
        return { events, nextAt: await nextAt(tx) }
      })
    },

    settleOperatorEvents: (settlements, pausedUntil) =>
      change(async tx => {
        const known = new Map((await findAll(tx, settlements)).map(event => [keyOf(event), event]))
        const settled = settlements.flatMap(({ claim, outcome, ...named }) => {
          const event = known.get(keyOf(named))
          return event?.claim === claim ? [{ ...event, ...afterSettling(event, outcome, tx.at) }] : []
        })
        await save(tx, settled)
        if (pausedUntil !== null) await putFact(tx, EVENTS_CLAIMABLE, Math.max(pausedUntil, await claimable(tx)))
      }),

    endedCallbackEvents: () =>
      read(async tx => {
        const events = await firingForCallbacks(tx)
        const lasting = new Set(await stillSo(tx, events))
        return events.flatMap(({ condition, subject }, i) => (lasting.has(i) ? [] : [{ condition, subject }]))
      }),

    recordOperatorChannel: refusing =>
      write(tx => (refusing === null ? removeFact(tx, CHANNEL_REFUSING) : putFact(tx, CHANNEL_REFUSING, refusing))),
  }
}

const keyOf = ({ condition, subject }: Pick<OperatorEvent, 'condition' | 'subject'>) => `${condition} ${subject}`

const SELECT = `
  SELECT id, condition, subject, state, since, at, count, details, told_state AS "toldState", told_at AS "toldAt",
    due_at AS "dueAt", claims AS claim, tries
  FROM operator_events`

const list = async (tx: Tx, condition: string, values: readonly unknown[] = []): Promise<ClaimedOperatorEvent[]> => {
  const rows = await tx.rows<Row>(`${SELECT} WHERE ${condition}`, values)
  return rows.map(row => ({ ...row, details: JSON.parse(row.details) as OperatorEvent['details'] }))
}

const findAll = (tx: Tx, wanted: readonly Pick<OperatorEvent, 'condition' | 'subject'>[]) =>
  list(tx, '(condition, subject) IN (SELECT * FROM unnest($1::text[], $2::text[]))', [
    wanted.map(({ condition }) => condition),
    wanted.map(({ subject }) => subject),
  ])

/** What is due, and what was put later before the clock was set back. */
const due = (tx: Tx) =>
  list(tx, 'due_at IS NOT NULL AND (due_at <= $1 OR due_at > $2)', [tx.at, tx.at + LONGEST_OPERATOR_WAIT_MS])

const save = async (tx: Tx, events: readonly Values[]): Promise<void> => {
  if (events.length === 0) return
  const each = (name: keyof Values) => events.map(event => event[name])
  await tx.rows(
    `INSERT INTO operator_events
       (condition, subject, state, since, at, count, details, told_state, told_at, due_at, claims, tries)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::int[], $7::text[], $8::text[],
       $9::bigint[], $10::bigint[], $11::int[], $12::int[])
     ON CONFLICT (condition, subject) DO UPDATE SET state = excluded.state, since = excluded.since, at = excluded.at,
       count = excluded.count, details = excluded.details, told_state = excluded.told_state, told_at = excluded.told_at,
       due_at = excluded.due_at, claims = excluded.claims, tries = excluded.tries`,
    [
      ...(['condition', 'subject', 'state', 'since', 'at', 'count'] as const).map(each),
      events.map(({ details }) => JSON.stringify(details)),
      ...(['toldState', 'toldAt', 'dueAt', 'claim', 'tries'] as const).map(each),
    ],
  )
}

/** Looks at all there are, a thousand and those of one call. */
const dropOverflow = async (tx: Tx): Promise<OperatorCondition[]> => {
  const tooMany = overflowing(await list(tx, 'true ORDER BY id'))
  if (tooMany.length > 0) await tx.rows('DELETE FROM operator_events WHERE id = ANY($1)', [tooMany.map(({ id }) => id)])
  return tooMany.map(({ condition }) => condition)
}

const claimable = async (tx: Tx): Promise<number> => claimableFrom(await findFact(tx, EVENTS_CLAIMABLE), tx.at)

const nextAt = async (tx: Tx): Promise<number | null> => {
  const [waiting] = await tx.rows<{ first: number | null; last: number | null }>(
    'SELECT min(due_at) AS first, max(due_at) AS last FROM operator_events WHERE due_at IS NOT NULL',
  )
  return nextClaimAt(waiting ?? { first: null, last: null }, await claimable(tx), tx.at)
}

/** A thousand at most: `MOST_OPERATOR_EVENTS`. */
const firingForCallbacks = (tx: Tx): Promise<(EndedCallbackEvent & Pick<Row, 'details'>)[]> =>
  tx.rows(`
    SELECT condition, subject, details FROM operator_events
    WHERE condition IN ('callback.failing', 'callback.disabled') AND state = 'firing' ORDER BY id`)

/**
 * Which of the events a URL is still as they say. Seeks for each to the URLs of the host that have failed, which are in a row, and
 * looks at them until one is.
 */
const stillSo = async (tx: Tx, events: Awaited<ReturnType<typeof firingForCallbacks>>): Promise<number[]> => {
  const wanted = events.flatMap((event, i) => urlsOfEvent(event, tx.at).map(urls => ({ i, ...urls })))
  const found = await tx.rows<{ i: number }>(
    `SELECT i FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
         AS wanted(i, partner_id, "from", until, state, since)
       CROSS JOIN LATERAL (
         SELECT FROM callbacks h
         WHERE h.partner_id = wanted.partner_id AND h.callback_url >= wanted.from AND h.callback_url < wanted.until
           AND h.state = wanted.state AND h.last_at > wanted.since LIMIT 1) AS url`,
    (['i', 'partnerId', 'from', 'until', 'state', 'since'] as const).map(name => wanted.map(one => one[name])),
  )
  return found.map(({ i }) => i)
}
