import type Database from 'better-sqlite3'
import type { Fact } from '../facts.ts'
import { onceForClient } from './once.ts'

export const prepareFacts = onceForClient((client: Database.Database) => {
  const find = client.prepare<[key: string], Buffer>('SELECT value FROM meta WHERE key = ?').pluck()
  const put = client.prepare<[key: string, value: Buffer]>(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const remove = client.prepare<[key: string]>('DELETE FROM meta WHERE key = ?')
  return {
    find: <Value>({ name, read }: Fact<Value>): Value | null => {
      const value = find.get(name)
      return value === undefined ? null : read(value.toString('utf8'))
    },
    put: <Value>({ name, textOf }: Fact<Value>, value: Value): void => void put.run(name, Buffer.from(textOf(value))),
    remove: ({ name }: Pick<Fact<unknown>, 'name'>): void => void remove.run(name),
  }
})
