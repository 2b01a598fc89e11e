import type { Fact } from '../facts.ts'
import type { Tx } from './connection.ts'

export const findFact = async <Value>(tx: Tx, { name, read }: Fact<Value>): Promise<Value | null> => {
  const [row] = await tx.rows<{ value: Buffer }>('SELECT value FROM meta WHERE key = $1', [name])
  return row ? read(row.value.toString('utf8')) : null
}

export const putFact = async <Value>(tx: Tx, { name, textOf }: Fact<Value>, value: Value): Promise<void> => {
  await tx.rows(
    'INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    [name, Buffer.from(textOf(value))],
  )
}

export const removeFact = async (tx: Tx, { name }: Pick<Fact<unknown>, 'name'>): Promise<void> => {
  await tx.rows('DELETE FROM meta WHERE key = $1', [name])
}
