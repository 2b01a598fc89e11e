import type { NewNode, ServiceNode } from '../store/nodes.ts'
import { shareOfRates } from '../store/rules/rate-share.ts'
import type { Store } from '../store/store.ts'

export interface NodeBeats {
  /** All nodes, as the last beat saw them; none before the first. */
  nodes(): readonly ServiceNode[]
  /** The part of each rate of the API that this node allows, as of the last beat. */
  rateShare(): number
  /** Shows that this node is there. What fails is done by the next beat: others tell of the database. */
  beat(): Promise<void>
  /** It ends as it was told to: nobody misses it. */
  leave(): Promise<void>
}

/** @param clockAheadMs as of `NewNode`, at each beat */
export const createNodeBeats = (
  store: Pick<Store, 'now' | 'beatNode' | 'removeNode'>,
  node: Omit<NewNode, 'clockAheadMs'>,
  clockAheadMs: () => number | null,
): NodeBeats => {
  let nodes: readonly ServiceNode[] = []
  let rateShare = 1
  let beating: Promise<void> | null = null
  let isLeaving = false

  const beat = async () => {
    try {
      nodes = await store.beatNode({ ...node, clockAheadMs: clockAheadMs() })
      const at = nodes.find(({ id }) => id === node.id)?.seenAt ?? store.now()
      rateShare = shareOfRates(nodes, at)
    } catch {
      // The others miss it only when it has not come back for a while.
    } finally {
      beating = null
    }
  }
  return {
    nodes: () => nodes,
    rateShare: () => rateShare,
    beat: async () => {
      if (!isLeaving) beating ??= beat()
      await beating
    },
    leave: async () => {
      isLeaving = true
      // A beat that came later would bring it back.
      await beating
      await store.removeNode(node.id).catch(() => {})
    },
  }
}
