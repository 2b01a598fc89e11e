import { ROLES } from '../../core/role.ts'
import { ACT_OUTCOMES } from '../act.ts'
import { oneOf, time } from './columns.ts'
import { blob, integer, sqliteTable, text } from './drizzle.ts'

export const adminTokens = sqliteTable(
  'admin_tokens',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    role: text('role', { enum: ROLES }).notNull(),
    /** SHA-256 of the secret part. */
    hash: blob('hash', { mode: 'buffer' }).notNull(),
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at'),
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
  },
  () => [oneOf('admin_tokens_role', 'role', ROLES)],
)

/** What operators have done. */
export const acts = sqliteTable(
  'acts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: time('at').notNull(),
    who: text('who').notNull(),
    name: text('name').notNull(),
    act: text('act').notNull(),
    object: text('object'),
    reason: text('reason'),
    outcome: text('outcome', { enum: ACT_OUTCOMES }).notNull(),
  },
  () => [oneOf('acts_outcome', 'outcome', ACT_OUTCOMES)],
)
