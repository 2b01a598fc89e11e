import type Database from 'better-sqlite3'

/** `https://partner.example:8443/hook` → `partner.example:8443`. The URL is normalised already. */
const hostOf = (href: string): string => href.split('/', 3)[2] ?? href

/** Keeps each lane's `dueAt` no later than its first message's, so that a claim looks only at lanes that have work. */
export const createLanes = (client: Database.Database) => {
  const find = client
    .prepare<[partnerId: string, host: string], number>('SELECT id FROM lanes WHERE partner_id = ? AND host = ?')
    .pluck()
  const add = client.prepare<[partnerId: string, host: string]>('INSERT INTO lanes (partner_id, host) VALUES (?, ?)')
  const advance = client.prepare<[dueAt: number, id: number, dueAt: number]>(
    'UPDATE lanes SET due_at = ? WHERE id = ? AND (due_at IS NULL OR due_at > ?)',
  )

  return {
    /** Null: the partner has none for this URL's host yet. */
    find: (partnerId: string, callbackUrl: string): number | null => find.get(partnerId, hostOf(callbackUrl)) ?? null,

    add: (partnerId: string, callbackUrl: string): number =>
      Number(add.run(partnerId, hostOf(callbackUrl)).lastInsertRowid),

    /** Something in the lane is due at `dueAt`. */
    advance: (id: number, dueAt: number): void => {
      advance.run(dueAt, id, dueAt)
    },
  }
}
