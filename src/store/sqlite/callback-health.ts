import type { Callback, TurnedCallback } from '../callbacks.ts'
import type { CallbackHealth, CallbackPlan } from '../rules/callback-health.ts'
import type { Context } from './context.ts'

/** The URLs that one run of a transaction works with: each is read once, changed in memory, and written once. */
export interface HealthBook {
  get(url: Callback): CallbackHealth | null
  apply(url: Callback, plan: CallbackPlan): void
  /** What has become of URLs in this run. */
  turns: readonly TurnedCallback[]
  /** Writes what has changed. */
  save(): void
}

const HEALTH = 'failing_since AS failingSince, attempts, last_error AS lastError, last_at AS lastAt, state'

/** URLs whose attempts have only failed; one that works has no row. */
export const createCallbackHealth = ({ client }: Pick<Context, 'client'>) => {
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

  return {
    find: ({ partnerId, callbackUrl }: Callback): CallbackHealth | null => find.get(partnerId, callbackUrl) ?? null,

    begin: (at: number): HealthBook => {
      const known = new Map<string, CallbackHealth | null>()
      const changed = new Map<string, Callback>()
      const turns: TurnedCallback[] = []
      const keyOf = ({ partnerId, callbackUrl }: Callback) => `${partnerId} ${callbackUrl}`

      const get = (url: Callback): CallbackHealth | null => {
        const key = keyOf(url)
        const health = known.get(key)
        if (health !== undefined) return health
        const found = find.get(url.partnerId, url.callbackUrl) ?? null
        known.set(key, found)
        return found
      }

      return {
        get,
        turns,
        apply: (url, { health, turn }) => {
          const before = get(url)
          const { partnerId, callbackUrl } = url
          const told = health ?? before
          if (turn && told) {
            const { failingSince, lastError } = told
            turns.push({ partnerId, callbackUrl, turn, failingSince, lastError })
          }
          if (health === before) return
          known.set(keyOf(url), health)
          changed.set(keyOf(url), { partnerId, callbackUrl })
        },
        save: () => {
          for (const [key, { partnerId, callbackUrl }] of changed) {
            const health = known.get(key) ?? null
            if (health === null) remove.run(partnerId, callbackUrl)
            else {
              const noticeDueAt = health.state === 'disabled' ? at : null
              save.run({ ...health, partnerId, callbackUrl, noticeDueAt })
            }
          }
          changed.clear()
        },
      }
    },
  }
}
