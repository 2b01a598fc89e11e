import type { Tx } from './connection.ts'

/** The small facts about the database itself, by their names in the table `meta`. */
export const findFact = async (tx: Tx, key: string): Promise<string | null> => {
  const [row] = await tx.rows<{ value: Buffer }>('SELECT value FROM meta WHERE key = $1', [key])
  return row?.value.toString('utf8') ?? null
}

export const putFact = async (tx: Tx, key: string, text: string): Promise<void> => {
  await tx.rows(
    'INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    [key, Buffer.from(text)],
  )
}

export const removeFact = async (tx: Tx, key: string): Promise<void> => {
  await tx.rows('DELETE FROM meta WHERE key = $1', [key])
}
