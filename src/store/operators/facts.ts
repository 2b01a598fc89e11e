import { DAY } from '../../core/duration.ts'
import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { LastBackup } from '../backup.ts'
import { stopClaims } from '../claims-lock.ts'
import type { VerbModule } from '../context.ts'
import type { Tx } from '../tx.ts'

/** A small fact about the database: its key in the table `meta`, and its value as text. */
export interface Fact<Value> {
  name: string
  read(text: string): Value
  textOf(value: Value): string
}

const text = (name: string): Fact<string> => ({ name, read: value => value, textOf: value => value })
const json = <Value>(name: string): Fact<Value> => ({ name, read: JSON.parse, textOf: value => JSON.stringify(value) })

/** When an operator stopped all claims of messages. */
export const DELIVERIES_HELD = json<number>('deliveries_held')
export const BACKUPS = json<LastBackup>('backups')
/** Earliest time of the next claim of alerts. */
export const EVENTS_CLAIMABLE = json<number>('operator_events_claimable')
export const CHANNEL_REFUSING = json<RefusingChannel>('operator_channel_refusing')
/** The day of the last daily message, and until when it is claimed; null: it was sent. */
const DAILY = json<{ day: string; until: number | null }>('operator_daily')
const PROBED = json<number>('probed')
/** Of a file: where its content was moved. */
export const MOVED_TO = text('moved_to')

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

/** Returns the time since which no message is claimed, on any node and across restarts, or null if they are claimed. */
export const heldAt = (tx: Tx): Promise<number | null> => findFact(tx, DELIVERIES_HELD)

export const factVerbs = {
  loops: ({ read, write }) => {
    const isTaken = async (tx: Tx, day: string): Promise<boolean> => {
      const last = await findFact(tx, DAILY)
      if (last === null || last.day < day) return false
      // Another node has a later day by its zone or clock. More than a day ahead, a clock was wrong.
      if (last.day > day) return Date.parse(last.day) - Date.parse(day) <= DAY
      return last.until === null || last.until > tx.at
    }
    return {
      /** Claims the daily message of this day for one caller; false: it was sent, or is claimed. */
      claimDaily: async (day: string, leaseMs: number): Promise<boolean> => {
        if (await read(tx => isTaken(tx, day))) return false
        return write(async tx => {
          await tx.lock([DAILY.name])
          if (await isTaken(tx, day)) return false
          await putFact(tx, DAILY, { day, until: tx.at + leaseMs })
          return true
        })
      },
      /** Records that the daily message of this day needs to be sent no more. */
      settleDaily: (day: string): Promise<void> => write(tx => putFact(tx, DAILY, { day, until: null })),
    }
  },

  lookups: ({ read }) => ({
    /** Returns the time since which no message is claimed, or null if messages are claimed. */
    deliveriesHeldAt: (): Promise<number | null> => read(heldAt),
  }),

  calls: ({ write, emitHints }) => ({
    /** Stops all claims of messages, on each node and after restarts, until `resumeDeliveries`. Idempotent. */
    holdDeliveries: (): Promise<void> =>
      write(async tx => {
        await stopClaims(tx)
        if ((await heldAt(tx)) === null) await putFact(tx, DELIVERIES_HELD, tx.at)
      }),
    resumeDeliveries: async (): Promise<void> => {
      await write(tx => removeFact(tx, DELIVERIES_HELD))
      emitHints([['messagesDue']])
    },
    /** Writes a row, to learn whether the database can be written. */
    probe: (): Promise<void> =>
      write(async tx => {
        for (const statement of tx.dialect.probeStatements) await tx.all(statement)
        await putFact(tx, PROBED, tx.at)
      }),
  }),
} satisfies VerbModule
