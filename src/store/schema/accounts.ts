import type { PauseReason } from '../../core/account.ts'
import { isOneOf, sql } from '../drizzle.ts'
import type { Kit } from '../postgres/drizzle.ts'

export const accountTables = ({
  byEngine,
  check,
  flag,
  int8,
  integer,
  primaryKey,
  real,
  sealed,
  table,
  text,
  time,
  uniqueIndex,
}: Kit) => ({
  accounts: table(
    'accounts',
    {
      id: text('id').primaryKey(),
      /** APIID at the vendor. */
      apiId: text('api_id').notNull().unique(),
      apiKey: sealed('api_key').notNull(),
      passwordMode: text('password_mode', { enum: ['dynamic', 'static'] }).notNull(),
      /** Calls per second; null: the configured rate. */
      rate: real('rate'),
      isDefault: flag('is_default'),
      /** The only partner that may use it; null: all. */
      partnerId: text('partner_id'),
      createdAt: time('created_at').notNull(),
      removedAt: time('removed_at'),
      pausedAt: time('paused_at'),
      pauseReason: text('pause_reason').$type<PauseReason>(),
      pauseCode: int8('pause_code'),
      unreachableAt: time('unreachable_at'),
      unreachableError: text('unreachable_error'),
      probes: integer('probes').notNull().default(0),
      probeAt: time('probe_at'),
      /** May hold fractions of a ms: it is the rate limit's clock. */
      allowedAt: real('allowed_at').notNull().default(0),
      rampAt: time('ramp_at'),
      rampRate: real('ramp_rate'),
    },
    t => [
      uniqueIndex('accounts_default')
        .on(t.isDefault)
        .where(byEngine({ sqlite: sql`is_default = 1`, postgres: sql`is_default` })),
      check('accounts_mode', isOneOf('password_mode', ['dynamic', 'static'])),
      check('accounts_paused', sql`(paused_at IS NULL) = (pause_reason IS NULL)`),
      // No canary during an operator's pause.
      check(
        'accounts_operator',
        byEngine({
          sqlite: sql`pause_reason IS NOT 'operator' OR probe_at IS NULL`,
          postgres: sql`pause_reason IS DISTINCT FROM 'operator' OR probe_at IS NULL`,
        }),
      ),
    ],
  ),

  /** Number of an account's checks completed at an age, and for how long checks of that age were watched. */
  completionBins: table(
    'completion_bins',
    {
      accountId: text('account_id').notNull(),
      /** A range of ages: core/polling/completion-bins.ts. */
      bin: integer('bin').notNull(),
      completions: real('completions').notNull(),
      exposureMs: real('exposure_ms').notNull(),
    },
    t => [
      primaryKey({ columns: [t.accountId, t.bin] }),
      check('completion_bins_counts', sql`completions >= 0 AND exposure_ms >= 0`),
    ],
  ),
})
