import type { AccountPatch, AccountState } from '../../core/account.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { type AccountRow, chooseAccount, stateOf } from '../account.ts'
import type { Context } from './context.ts'
import { and, eq, isNull, ne, or, sql } from './drizzle.ts'
import { accounts } from './schema.ts'

/** As `isInUse`. */
const isShown = and(isNull(accounts.removedAt), ne(accounts.id, TEST_ACCOUNT_ID))
const named = (idOrApiId: string) => and(isShown, or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId)))

/** The accounts as claims, answers and operators change them, within the caller's transaction. */
export const createAccountRows = ({ client, db, defaultRate }: Pick<Context, 'client' | 'db' | 'defaultRate'>) => {
  const isIt = eq(accounts.id, sql.placeholder('id'))
  const find = db.select().from(accounts).where(isIt).prepare()
  const update = client.prepare<AccountState & { id: string }>(`
    UPDATE accounts SET paused_at = @pausedAt, pause_reason = @pauseReason, pause_code = @pauseCode,
      unreachable_at = @unreachableAt, unreachable_error = @unreachableError, probes = @probes, probe_at = @probeAt,
      allowed_at = @allowedAt, ramp_at = @rampAt, ramp_rate = @rampRate
    WHERE id = @id`)

  const save = (account: AccountState & { id: string }): void => void update.run(account)

  return {
    find: (id: string): AccountState | null => {
      const row = find.get({ id })
      return row ? stateOf(row, defaultRate) : null
    },

    /** What `Store.accountFor` says. */
    choose: (partnerId: string, idOrApiId: string | null): AccountRow | null => {
      const meant = idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(idOrApiId)
      return chooseAccount(db.select().from(accounts).where(meant).all(), partnerId)
    },

    /** Changes it by a rule, which gives null for no change; the row as it is then, undefined where there is none. */
    patch: (id: string, rule: (account: AccountState) => AccountPatch | null): AccountRow | undefined => {
      const row = find.get({ id })
      if (!row) return undefined
      const account = stateOf(row, defaultRate)
      const patch = rule(account)
      if (patch) save({ ...account, ...patch })
      return { ...row, ...patch }
    },
  }
}
