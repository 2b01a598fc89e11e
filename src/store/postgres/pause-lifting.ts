import type { Callback, TurnedCallback } from '../callbacks.ts'
import type { HoldEnd } from '../rules/callback-health.ts'
import { createCallbackHealth } from './callback-health.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Tx } from './connection.ts'
import type { LaneBook } from './lanes.ts'

export interface Lifted {
  /** A pause has ended. */
  isLifted: boolean
  /** What has become of URLs. */
  turns: readonly TurnedCallback[]
}

export interface Lifting {
  end: HoldEnd
  at: number
  lanes: LaneBook
  /** What the caller needs of the book too: all lanes are locked together, in their order. */
  laneIds: readonly number[]
}

/** Lifts the pauses of URLs where `end` may. The caller saves the lanes. */
export const createPauseLifting = () => {
  const pauses = createCallbackPauses()
  const healthOf = createCallbackHealth()

  return async (tx: Tx, urls: readonly Callback[], { end, at, lanes, laneIds }: Lifting): Promise<Lifted> => {
    const since = await pauses.sinceOf(tx, urls)
    const paused = urls.filter(url => since(url) !== null)
    const health = await healthOf.load(tx, paused, at)
    const book = await pauses.load(tx, paused)
    await lanes.lock(tx, { ids: laneIds, urls: paused })
    const lifted = paused.filter(url => book.lift(url, end, health))
    await book.save(tx, { at, lanes })
    await health.save(tx)
    return { isLifted: lifted.length > 0, turns: health.turns }
  }
}
