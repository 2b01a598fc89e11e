import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { createCoalescer } from '../store/coalescer.ts'
import type { Emit } from '../telemetry/emit.ts'

type Settling = 'poll' | 'delivery'

interface SettlerDeps {
  emit: Emit<`${Settling}.settle_${'delayed' | 'failed'}`>
  /** Begins the names of its events. */
  event: Settling
}

/**
 * Records outcomes, many in one commit. While the database cannot be written they are kept and tried again: what has
 * happened must not be forgotten. An outcome that makes the whole batch fail is found and left out, so that one bad row
 * stops nobody else; its row comes back when its lease runs out.
 */
export const createSettler = <Settlement>(
  settle: (settlements: readonly Settlement[]) => Promise<void>,
  { emit, event }: SettlerDeps,
): ((settlement: Settlement) => Promise<void>) => {
  const settleAll = async (settlements: readonly Settlement[]): Promise<void> => {
    try {
      await settle(settlements)
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') {
        emit(`${event}.settle_delayed`, { error, outcomes: settlements.length })
        await sleep(SECOND)
        return settleAll(settlements)
      }
      if (settlements.length === 1) return emit(`${event}.settle_failed`, { error })
      for (const settlement of settlements) await settleAll([settlement])
    }
  }
  return createCoalescer(async settlements => {
    await settleAll(settlements)
    return settlements.map(() => undefined)
  })
}
