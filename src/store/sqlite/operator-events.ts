import {
  afterNote,
  byUrgency,
  LONGEST_OPERATOR_WAIT_MS,
  type OperatorCondition,
  type OperatorEvent,
  type OperatorNote,
  overflowing,
} from '../../core/operator-event.ts'
import { CHANNEL_REFUSING, EVENTS_CLAIMABLE } from '../facts.ts'
import {
  afterSettling,
  type ClaimedOperatorEvent,
  claimableFrom,
  type EndedCallbackEvent,
  type NotedOperatorEvents,
  nextClaimAt,
  notedAs,
  type OperatorSettlement,
  type UrlsOfHost,
  urlsOfEvent,
} from '../operator-events.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, eq } from './drizzle.ts'
import { prepareFacts } from './facts.ts'
import { operatorEvents } from './schema.ts'

type Verbs = Pick<
  Store,
  | 'noteOperatorEvents'
  | 'claimOperatorEvents'
  | 'settleOperatorEvents'
  | 'endedCallbackEvents'
  | 'recordOperatorChannel'
>
type Row = typeof operatorEvents.$inferSelect

const eventOf = ({ details, ...row }: Row): ClaimedOperatorEvent => ({
  ...row,
  details: JSON.parse(details) as OperatorEvent['details'],
  claim: row.claims,
})
const valuesOf = ({ details, ...event }: OperatorEvent) => {
  const { condition, subject, state, since, at, count, toldState, toldAt, dueAt } = event
  return { condition, subject, state, since, at, count, toldState, toldAt, dueAt, details: JSON.stringify(details) }
}

type CallbackEventRow = EndedCallbackEvent & Pick<Row, 'details'>
const endOf = ({ condition, subject }: CallbackEventRow): EndedCallbackEvent => ({ condition, subject })

/** What operators are to be told of. */
export const createOperatorEvents = ({ db, client, read, write, now }: Context): Verbs => {
  const facts = prepareFacts(client)
  const statements = prepare(client)

  const claimable = (at: number): number => claimableFrom(facts.find(EVENTS_CLAIMABLE), at)

  const find = ({ condition, subject }: Pick<OperatorEvent, 'condition' | 'subject'>) =>
    db
      .select()
      .from(operatorEvents)
      .where(and(eq(operatorEvents.condition, condition), eq(operatorEvents.subject, subject)))
      .get()

  const note = (one: OperatorNote, at: number): NotedOperatorEvents['results'][number] => {
    const row = find(one)
    const after = afterNote(row ? eventOf(row) : null, one, at)
    if (after && row) db.update(operatorEvents).set(valuesOf(after)).where(eq(operatorEvents.id, row.id)).run()
    else if (after) db.insert(operatorEvents).values(valuesOf(after)).run()
    return notedAs(after, at)
  }

  /** Looks at all there are, a thousand and those of one call. */
  const dropOverflow = (): OperatorCondition[] =>
    overflowing(db.select().from(operatorEvents).all().map(eventOf)).map(({ id, condition }) => {
      db.delete(operatorEvents).where(eq(operatorEvents.id, id)).run()
      return condition
    })

  const settle = (settlement: OperatorSettlement, at: number): void => {
    const row = find(settlement)
    if (row?.claims !== settlement.claim) return
    db.update(operatorEvents)
      .set(afterSettling(eventOf(row), settlement.outcome, at))
      .where(eq(operatorEvents.id, row.id))
      .run()
  }

  /** Seeks to the URLs of the host that have failed, which are in a row, and looks at them until one is as the event says. */
  const isStillSo = (event: CallbackEventRow, at: number): boolean =>
    urlsOfEvent(event, at).some(urls => statements.urlOfHost.get(urls) !== undefined)

  const nextAt = (at: number): number | null =>
    nextClaimAt(statements.due.get() ?? { first: null, last: null }, claimable(at), at)

  const claim = (limit: number, at: number): ClaimedOperatorEvent[] =>
    statements.claimable
      .all({ at, beyond: at + LONGEST_OPERATOR_WAIT_MS })
      .toSorted(byUrgency)
      .slice(0, limit)
      .flatMap(({ id }) => db.select().from(operatorEvents).where(eq(operatorEvents.id, id)).all())
      .map(eventOf)

  return {
    noteOperatorEvents: notes => {
      const at = now()
      return write(() => {
        const before = statements.count.get()
        const results = notes.map(one => note(one, at))
        return { results, dropped: statements.count.get() === before ? [] : dropOverflow() }
      })
    },

    claimOperatorEvents: async ({ limit, leaseMs, gapMs }) => {
      const at = now()
      const next = await read(() => nextAt(at))
      if (next === null || next > at) return { events: [], nextAt: next }
      return write(() => {
        if (claimable(at) > at) return { events: [], nextAt: nextAt(at) }
        const events = claim(limit, at).map(event => ({ ...event, claim: event.claim + 1 }))
        for (const { id, claim: claims } of events)
          db.update(operatorEvents)
            .set({ claims, dueAt: at + leaseMs })
            .where(eq(operatorEvents.id, id))
            .run()
        facts.put(EVENTS_CLAIMABLE, at + gapMs)
        return { events, nextAt: nextAt(at) }
      })
    },

    settleOperatorEvents: (settlements, pausedUntil) => {
      const at = now()
      return write(() => {
        for (const settlement of settlements) settle(settlement, at)
        if (pausedUntil !== null) facts.put(EVENTS_CLAIMABLE, Math.max(pausedUntil, claimable(at)))
      })
    },

    endedCallbackEvents: () => {
      const at = now()
      return read(() =>
        statements.callbackEvents
          .all()
          .filter(event => !isStillSo(event, at))
          .map(endOf),
      )
    },

    recordOperatorChannel: refusing =>
      write(() => (refusing === null ? facts.remove(CHANNEL_REFUSING) : facts.put(CHANNEL_REFUSING, refusing))),
  }
}

/** The pluses: see verification-statements.ts. */
const prepare = (client: Context['client']) => ({
  count: client.prepare<[], number>('SELECT count(*) FROM operator_events').pluck(),
  due: client.prepare<[], { first: number | null; last: number | null }>(
    'SELECT min(due_at) AS first, max(due_at) AS last FROM operator_events WHERE due_at IS NOT NULL',
  ),
  /** A thousand at most: `MOST_OPERATOR_EVENTS`. */
  callbackEvents: client.prepare<[], CallbackEventRow>(`
    SELECT condition, subject, details FROM operator_events
    WHERE condition IN ('callback.failing', 'callback.disabled') AND state = 'firing' ORDER BY id`),
  urlOfHost: client.prepare<UrlsOfHost>(`
    SELECT 1 FROM callbacks
    WHERE partner_id = @partnerId AND callback_url >= @from AND callback_url < @until AND +state = @state
      AND +last_at > @since LIMIT 1`),
  claimable: client.prepare<{ at: number; beyond: number }, Pick<Row, 'id' | 'condition' | 'dueAt'>>(`
    SELECT id, condition, due_at AS dueAt FROM operator_events
    WHERE due_at IS NOT NULL AND (due_at <= @at OR due_at > @beyond)`),
})
