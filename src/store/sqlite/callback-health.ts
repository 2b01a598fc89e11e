import { createHealthChanges, type HealthChanges } from '../callback-health.ts'
import type { Callback } from '../callbacks.ts'
import type { CallbackHealth } from '../rules/callback-health.ts'
import { firstNoticeAt } from '../rules/callback-notice.ts'
import type { Context } from './context.ts'
import { onceForContext } from './once.ts'

export interface HealthBook extends Omit<HealthChanges, 'take'> {
  /** Writes what has changed. */
  save(): void
}

const HEALTH = 'failing_since AS failingSince, attempts, last_error AS lastError, last_at AS lastAt, state'

/** URLs whose attempts have only failed; one that works has no row. */
export const createCallbackHealth = onceForContext(({ client }: Pick<Context, 'client'>) => {
  const find = client.prepare<[partnerId: string, callbackUrl: string], CallbackHealth>(
    `SELECT ${HEALTH} FROM callback_health WHERE partner_id = ? AND callback_url = ?`,
  )
  const save = client.prepare<Callback & CallbackHealth & { noticeDueAt: number | null }>(`
    INSERT INTO callback_health
      (partner_id, callback_url, failing_since, attempts, last_error, last_at, state, notice_due_at)
    VALUES (@partnerId, @callbackUrl, @failingSince, @attempts, @lastError, @lastAt, @state, @noticeDueAt)
    ON CONFLICT DO UPDATE SET failing_since = excluded.failing_since, attempts = excluded.attempts,
      last_error = excluded.last_error, last_at = excluded.last_at, state = excluded.state,
      notice_due_at = excluded.notice_due_at`)
  const remove = client.prepare<[partnerId: string, callbackUrl: string]>(
    'DELETE FROM callback_health WHERE partner_id = ? AND callback_url = ?',
  )

  const findOf = ({ partnerId, callbackUrl }: Callback): CallbackHealth | null =>
    find.get(partnerId, callbackUrl) ?? null

  return {
    find: findOf,

    begin: (at: number): HealthBook => {
      const { take, ...changes } = createHealthChanges(findOf)
      return {
        ...changes,
        save: () => {
          for (const { partnerId, callbackUrl, health } of take()) {
            if (health === null) remove.run(partnerId, callbackUrl)
            else save.run({ ...health, partnerId, callbackUrl, noticeDueAt: firstNoticeAt(health, at) })
          }
        },
      }
    },
  }
})
