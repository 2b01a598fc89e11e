import type { Clock } from '../core/clock.ts'
import { BEAT_EVERY_MS, type NewNode, shareOfRates } from '../store/operators/nodes.ts'
import type { Store } from '../store/store.ts'
import { startHeartbeat } from './timers.ts'

/**
 * That this node is one of those that work on the database.
 *
 * @param clockAheadMs as of `NewNode`, at each beat, as `answers`
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
      // The others miss it only when it has not come back for a while.
    } finally {
      beating = null
    }
  }
  return {
    /** Shows itself from now on, by this name. What fails is done by the next beat: others tell of the database. */
    begin: async (name: string): Promise<void> => {
      const ring = () => {
        beating ??= beat(name)
      }
      stop = startHeartbeat({ everyMs: BEAT_EVERY_MS, ring, clock }).stop
      ring()
      await beating
    },
    /** The part of each rate of the API that this node allows; all before the first beat. */
    rateShare: () => rateShare,
    /** It ends as it was told to: nobody misses it. */
    end: async (): Promise<void> => {
      stop()
      // A beat that came later would bring it back.
      await beating
      await store.removeNode(node.id).catch(() => {})
    },
  }
}
