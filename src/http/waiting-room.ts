interface WaitingRoomLimits {
  perPartner: number
  /** Of all partners together. */
  most: number
}

export interface Place {
  /** Aborts when the connection is needed for somebody else: answer now, and close it. */
  needed: AbortSignal
  leave(): void
}

export interface WaitingRoom {
  /** Null: the partner, or all together, have as many calls waiting as they may; answer this one at once. */
  enter(partnerId: string): Place | null
  /** Has the call that has waited longest answered; false: none is waiting. */
  endLongestWait(): boolean
}

/** The calls that wait for something to happen, which hold a connection each and do nothing. */
export const createWaitingRoom = ({ perPartner, most }: WaitingRoomLimits): WaitingRoom => {
  /** In the order in which they came. */
  const waiting = new Set<AbortController>()
  const counts = new Map<string, number>()

  return {
    enter: partnerId => {
      const count = counts.get(partnerId) ?? 0
      if (count >= perPartner || waiting.size >= most) return null
      const call = new AbortController()
      counts.set(partnerId, count + 1)
      waiting.add(call)
      return {
        needed: call.signal,
        leave: () => {
          waiting.delete(call)
          const left = (counts.get(partnerId) ?? 1) - 1
          if (left > 0) counts.set(partnerId, left)
          else counts.delete(partnerId)
        },
      }
    },
    endLongestWait: () => {
      const [longest] = waiting
      if (!longest) return false
      waiting.delete(longest)
      longest.abort()
      return true
    },
  }
}
