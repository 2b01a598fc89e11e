import { hostname } from 'node:os'
import type { Config } from '../config/settings.ts'
import { settingsIdOf } from '../config/settings-id.ts'
import { BEAT_EVERY_MS, type JudgedNode, judgeNodes } from '../store/rules/nodes.ts'
import type { Store } from '../store/store.ts'
import { VERSION } from '../version.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { createNodeBeats, type NodeBeats } from '../worker/node-beats.ts'
import { clock, createIds } from './clock-and-ids.ts'

/** That this node is one of those that work on the database. */
export interface Presence {
  /** Shows itself from now on, as what listens at `url`. */
  begin(url: string): Promise<void>
  /** All nodes and what is wrong with them, as of the last beat; none before the first. */
  nodes(): JudgedNode[]
  /** The part of each rate of the API that this node allows; all before the first beat. */
  rateShare(): number
  end(): Promise<void>
}

/** @param clockAheadMs how far GetResult's clock is ahead of this node's; null: nobody knows */
export const openPresence = (
  store: Pick<Store, 'now' | 'beatNode' | 'removeNode'>,
  config: Config,
  clockAheadMs: () => number | null,
): Presence => {
  let beats: NodeBeats | null = null
  let stop = () => {}

  return {
    begin: async url => {
      const name = `${hostname()}:${new URL(url).port}`
      const { roles } = config.node
      const node = { id: createIds()('node'), name, version: VERSION, settings: settingsIdOf(config), roles }
      const begun = createNodeBeats(store, node, clockAheadMs)
      beats = begun
      const heartbeat = startHeartbeat({ everyMs: BEAT_EVERY_MS, rings: [() => void begun.beat()], clock })
      stop = heartbeat.stop
      await begun.beat()
    },
    nodes: () => (beats === null ? [] : judgeNodes(beats.nodes(), store.now())),
    rateShare: () => beats?.rateShare() ?? 1,
    end: async () => {
      stop()
      await beats?.leave()
    },
  }
}
