import {
  afterNote,
  byUrgency,
  MOST_OPERATOR_EVENTS,
  type OperatorCondition,
  type OperatorEvent,
  type OperatorNote,
  overflowing,
} from '../../core/operator-event.ts'
import { CHANNEL_REFUSING, EVENTS_CLAIMABLE } from '../facts.ts'
import {
  afterSettling,
  type ClaimedOperatorEvent,
  eventOfRow,
  isMerged,
  type OperatorEventName,
} from '../operator-events.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, eq, lte, sql } from './drizzle.ts'
import { prepareFacts } from './facts.ts'
import { operatorEvents } from './schema.ts'

/** What operators are to be told of. */
export const createOperatorEvents = ({ db, client, read, write, now }: Context) => {
  const facts = prepareFacts(client)
  const count = client.prepare<[], number>('SELECT count(*) FROM operator_events').pluck()

  const named = ({ condition, subject }: OperatorEventName) =>
    and(eq(operatorEvents.condition, condition), eq(operatorEvents.subject, subject))
  const find = (name: OperatorEventName): ClaimedOperatorEvent | null => {
    const row = db.select().from(operatorEvents).where(named(name)).get()
    return row ? eventOfRow(row) : null
  }

  const note = (one: OperatorNote, at: number): OperatorEvent | null => {
    const after = afterNote(find(one), one, at)
    if (after === null) return null
    const { condition, subject, state, since, count, toldState, toldAt, dueAt } = after
    const set = { state, since, at: after.at, count, toldState, toldAt, dueAt, details: JSON.stringify(after.details) }
    db.insert(operatorEvents)
      .values({ condition, subject, ...set })
      .onConflictDoUpdate({ target: [operatorEvents.condition, operatorEvents.subject], set })
      .run()
    return after
  }

  const dropOverflow = (): OperatorCondition[] => {
    if ((count.get() ?? 0) <= MOST_OPERATOR_EVENTS) return []
    return overflowing(db.select().from(operatorEvents).all().map(eventOfRow)).map(({ id, condition }) => {
      db.delete(operatorEvents).where(eq(operatorEvents.id, id)).run()
      return condition
    })
  }

  const due = (at: number): ClaimedOperatorEvent[] =>
    (facts.find(EVENTS_CLAIMABLE) ?? 0) > at
      ? []
      : db.select().from(operatorEvents).where(lte(operatorEvents.dueAt, at)).all().map(eventOfRow)

  return {
    noteOperatorEvents: notes => {
      const at = now()
      return write(() => {
        const noted = notes.flatMap(one => note(one, at) ?? [])
        const merged = noted.filter(after => isMerged(after, at)).map(({ condition }) => condition)
        return { merged, dropped: dropOverflow() }
      })
    },

    claimOperatorEvents: async ({ limit, leaseMs, gapMs }) => {
      const at = now()
      if ((await read(() => due(at))).length === 0) return []
      return write(() => {
        const events = due(at).toSorted(byUrgency).slice(0, limit)
        for (const { id } of events)
          db.update(operatorEvents)
            .set({ claims: sql`${operatorEvents.claims} + 1`, dueAt: at + leaseMs })
            .where(eq(operatorEvents.id, id))
            .run()
        if (events.length > 0) facts.put(EVENTS_CLAIMABLE, at + gapMs)
        return events.map(event => ({ ...event, claim: event.claim + 1 }))
      })
    },

    settleOperatorEvents: ({ events, outcome, claimableAt }) => {
      const at = now()
      return write(() => {
        for (const told of events) {
          const event = find(told)
          if (event?.claim !== told.claim) continue
          db.update(operatorEvents)
            .set(afterSettling(event, told, { outcome, at }))
            .where(named(told))
            .run()
        }
        if (claimableAt !== null) facts.put(EVENTS_CLAIMABLE, claimableAt)
      })
    },

    firingOperatorEvents: () =>
      read(() =>
        db
          .select({ condition: operatorEvents.condition, subject: operatorEvents.subject })
          .from(operatorEvents)
          .where(eq(operatorEvents.state, 'firing'))
          .orderBy(asc(operatorEvents.id))
          .all(),
      ),

    recordOperatorChannel: refusing =>
      write(() => (refusing === null ? facts.remove(CHANNEL_REFUSING) : facts.put(CHANNEL_REFUSING, refusing))),
  } satisfies Partial<Store>
}
