import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { moveDatabase } from '../../src/store/move/move.ts'
import { FOLD } from '../../src/store/postgres/upkeep.ts'
import { sealedUnder } from '../../src/store/sealed.ts'
import type { Filled } from './fill.ts'

/** Moves a filled file into an empty database of PostgreSQL, as the command does. */
export const moveInto = async (database: string, { path, masterKey }: Filled): Promise<void> => {
  const moved = await moveDatabase({
    ...{ from: path, to: database, name: 'bench', now: Date.now },
    sealed: sealedUnder({ masterKey }, randomBytes),
    by: { name: 'bench', reason: null },
    onRows: () => {},
    signal: new AbortController().signal,
  })
  if (!moved) throw new Error('nothing was moved')
  const client = new Client({ connectionString: database })
  await client.connect()
  // Nodes fold what the triggers have counted, which takes them minutes of so many rows at once.
  while ((await client.query(FOLD)).rowCount);
  await client.query('VACUUM ANALYZE')
  await client.end()
}
