import type { NodeRole } from '../../core/node.ts'
import type { OperatorCondition } from '../../core/operator-event.ts'
import { identity, int8, oneOf, text, time } from './columns.ts'
import { index, integer, jsonb, pgTable, sql, uniqueIndex } from './drizzle.ts'

/** What operators are to be told of: history, outbox and queue at once, outside the deliverer's. Few: `MOST_OPERATOR_EVENTS`. */
export const operatorEvents = pgTable(
  'operator_events',
  {
    id: identity('id'),
    condition: text('condition').$type<OperatorCondition>().notNull(),
    subject: text('subject').notNull(),
    state: text('state', { enum: ['firing', 'resolved'] }).notNull(),
    since: time('since').notNull(),
    at: time('at').notNull(),
    count: integer('count').notNull(),
    /** JSON. */
    details: text('details').notNull(),
    toldState: text('told_state', { enum: ['firing', 'resolved'] }),
    toldAt: time('told_at'),
    /** When to tell; while claimed, when the lease runs out; null: there is nothing to tell. */
    dueAt: time('due_at'),
    claims: integer('claims').notNull().default(0),
  },
  t => [
    uniqueIndex('operator_events_subject').on(t.condition, t.subject),
    index('operator_events_due').on(t.dueAt).where(sql`due_at IS NOT NULL`),
    oneOf('operator_events_state', 'state', ['firing', 'resolved']),
    oneOf('operator_events_told', 'told_state', ['firing', 'resolved']),
  ],
)

/** Which processes work on the database. */
export const nodes = pgTable('nodes', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  version: text('version').notNull(),
  settings: text('settings').notNull(),
  roles: jsonb('roles').$type<readonly NodeRole[]>().notNull(),
  /** Names the master key. */
  key: text('key').notNull(),
  startedAt: time('started_at').notNull(),
  seenAt: time('seen_at').notNull(),
  steadyAt: time('steady_at').notNull(),
  lostAt: time('lost_at'),
  clockAheadMs: int8('clock_ahead_ms'),
})
