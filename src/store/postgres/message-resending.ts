import { resent } from '../../core/message.ts'
import type { TurnedCallback } from '../callbacks.ts'
import type { Tx } from './connection.ts'
import { type LockedMessage, saveDeliveries } from './deliveries.ts'
import { createLanes } from './lanes.ts'
import { createPauseLifting } from './pause-lifting.ts'

/** Makes messages due at once, whatever their state, and lifts the pauses of their URLs; what has become of those. */
export const createMessageResending = () => {
  const lanesOf = createLanes()
  const liftPauses = createPauseLifting()

  return async (tx: Tx, messages: readonly LockedMessage[], at: number): Promise<readonly TurnedCallback[]> => {
    if (messages.length === 0) return []
    const lanes = await lanesOf.load(tx, {})
    const laneIds = messages.map(({ laneId }) => laneId)
    const { turns } = await liftPauses(tx, messages, { end: 'resend', at, lanes, laneIds })
    await saveDeliveries(
      tx,
      messages.map(message => ({ was: message, becomes: { ...message, ...resent(message, at) } })),
    )
    for (const id of laneIds) lanes.advance(id, at)
    await lanes.save(tx)
    return turns
  }
}
