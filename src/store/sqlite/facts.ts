import type Database from 'better-sqlite3'

/** The small facts about the database itself, by their names in the table `meta`. */
export const prepareFacts = (client: Database.Database) => {
  const find = client.prepare<[key: string], Buffer>('SELECT value FROM meta WHERE key = ?').pluck()
  const put = client.prepare<[key: string, value: Buffer]>(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const remove = client.prepare<[key: string]>('DELETE FROM meta WHERE key = ?')
  return {
    find: (key: string): string | null => find.get(key)?.toString('utf8') ?? null,
    put: (key: string, text: string): void => void put.run(key, Buffer.from(text)),
    remove: (key: string): void => void remove.run(key),
  }
}
