import { DELIVERIES_HELD, type Fact, PROBED } from '../facts.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { stopClaims } from './lanes.ts'

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

/** Since when no message is claimed; null: they are. It stands in the database, so it holds for each node and after each restart. */
export const heldAt = (tx: Tx): Promise<number | null> => findFact(tx, DELIVERIES_HELD)

/** Take a few pages of the server's disk for a moment, as new rows do: what is updated may still fit in where it stands. */
const TAKE_ROOM = ["SET LOCAL work_mem = '64kB'", 'SELECT count(*) FROM generate_series(1, 4000)']

type Verbs = Pick<Store, 'holdDeliveries' | 'resumeDeliveries' | 'deliveriesHeldAt' | 'probe'>

export const createFactVerbs = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Verbs => ({
  holdDeliveries: () =>
    write(async tx => {
      await stopClaims(tx)
      if ((await heldAt(tx)) === null) await putFact(tx, DELIVERIES_HELD, tx.at)
    }),
  resumeDeliveries: async () => {
    await write(tx => removeFact(tx, DELIVERIES_HELD))
    tell([['messagesDue']])
  },
  deliveriesHeldAt: () => read(heldAt),
  probe: () =>
    write(async tx => {
      for (const statement of TAKE_ROOM) await tx.rows(statement)
      await putFact(tx, PROBED, tx.at)
    }),
})
