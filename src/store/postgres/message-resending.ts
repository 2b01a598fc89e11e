import { resent } from '../../core/message.ts'
import type { TurnedCallback } from '../callbacks.ts'
import { releaseUrls } from './callbacks.ts'
import type { Tx } from './connection.ts'
import { type LockedMessage, saveDeliveries } from './deliveries.ts'
import { createLanes } from './lanes.ts'

/** Makes messages due at once, whatever their state, and lets go what is held for their URLs; what has become of those. */
export const createMessageResending = () => {
  const lanesOf = createLanes()

  return async (tx: Tx, messages: readonly LockedMessage[], at: number): Promise<readonly TurnedCallback[]> => {
    if (messages.length === 0) return []
    const { turns } = await releaseUrls(tx, messages, 'resend')
    const laneIds = messages.map(({ laneId }) => laneId)
    const lanes = await lanesOf.load(tx, { ids: laneIds })
    await saveDeliveries(
      tx,
      messages.map(message => ({ was: message, becomes: { ...message, ...resent(message, at) } })),
    )
    for (const id of laneIds) lanes.advance(id, at)
    await lanes.save(tx)
    return turns
  }
}
