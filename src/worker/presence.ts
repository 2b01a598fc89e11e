import type { Clock } from '../core/clock.ts'
import { HEARTBEAT_MS, type NewNode, shareOfRates } from '../store/operators/nodes.ts'
import type { Store } from '../store/store.ts'
import { startHeartbeat } from './timers.ts'

/**
 * Shows the other nodes of the database that this node is alive.
 *
 * @param measured as in `NewNode`, read at each beat
 */
export const createPresence = (
  store: Pick<Store, 'now' | 'beatNode' | 'removeNode'>,
  node: Omit<NewNode, 'name' | 'clockAheadMs' | 'answers'>,
  measured: { clockAheadMs: () => NewNode['clockAheadMs']; answers: () => NewNode['answers'] },
  clock: Pick<Clock, 'sleep'>,
) => {
  let rateShare = 1
  let beating: Promise<void> | null = null
  let stop = () => {}

  const beat = async (name: string) => {
    try {
      const nodes = await store.beatNode({
        ...node,
        name,
        clockAheadMs: measured.clockAheadMs(),
        answers: measured.answers(),
      })
      rateShare = shareOfRates(nodes, nodes.find(({ id }) => id === node.id)?.seenAt ?? store.now())
    } catch {
      // Other nodes report this one as lost only after it has been silent for a while.
    } finally {
      beating = null
    }
  }
  return {
    /**
     * Beats from now on, under this name; resolves after the first beat. A failed beat is left to the next one, and the
     * database's failure to other events.
     */
    begin: async (name: string): Promise<void> => {
      const wakeUp = () => {
        beating ??= beat(name)
      }
      stop = startHeartbeat({ everyMs: HEARTBEAT_MS, wakeUp, clock }).stop
      wakeUp()
      await beating
    },
    /** Share of each API rate that this node allows; 1 before the first beat. */
    rateShare: () => rateShare,
    /** Stops the beats and removes the node, so that no other node reports it as lost. */
    end: async (): Promise<void> => {
      stop()
      // A later beat would add the node again.
      await beating
      await store.removeNode(node.id).catch(() => {})
    },
  }
}
