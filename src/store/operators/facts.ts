import type { StoreContext } from '../context.ts'
import { DELIVERIES_HELD, type Fact, PROBED } from '../facts.ts'
import { stopClaims } from '../messages/claims-lock.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

export const findFact = async <Value>(tx: Tx, { name, read }: Fact<Value>): Promise<Value | null> => {
  const [row] = await tx.all<{ value: Buffer }>('SELECT value FROM meta WHERE key = @name', { name })
  return row ? read(row.value.toString('utf8')) : null
}

export const putFact = async <Value>(tx: Tx, { name, textOf }: Fact<Value>, value: Value): Promise<void> => {
  await tx.all(
    'INSERT INTO meta (key, value) VALUES (@name, @value) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    { name, value: Buffer.from(textOf(value)) },
  )
}

export const removeFact = async (tx: Tx, { name }: Pick<Fact<unknown>, 'name'>): Promise<void> => {
  await tx.all('DELETE FROM meta WHERE key = @name', { name })
}

/** Since when no message is claimed; null: they are. It stands in the database, so it holds for each node and after each restart. */
export const heldAt = (tx: Tx): Promise<number | null> => findFact(tx, DELIVERIES_HELD)

type Verbs = Pick<Store, 'holdDeliveries' | 'resumeDeliveries' | 'deliveriesHeldAt' | 'probe'>

export const createFactVerbs = ({ read, write, tell }: Pick<StoreContext, 'read' | 'write' | 'tell'>): Verbs => ({
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
      for (const statement of tx.dialect.takeRoom) await tx.all(statement)
      await putFact(tx, PROBED, tx.at)
    }),
})
