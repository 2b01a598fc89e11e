import type { NodeRole } from '../core/node.ts'

/** A process that works on the database, as it says. */
export interface NewNode {
  /** Of this start of the process. */
  id: string
  /** Host and port, by which operators know it; after a restart it has the same. */
  name: string
  version: string
  /** Names its settings, as `settingsIdOf` does. */
  settings: string
  roles: readonly NodeRole[]
  /** How far GetResult's clock is ahead of its own, in ms; null: it has had no answer. */
  clockAheadMs: number | null
}

export interface ServiceNode extends NewNode {
  /** Names its master key, as in `EngineStats`. */
  key: string
  startedAt: number
  seenAt: number
  /** Since when it has shown itself without a gap. */
  steadyAt: number
  /** When another node found it lost; null: it is not. */
  lostAt: number | null
}

/** Which nodes work on the database. Each shows itself every few seconds, and whoever does not is lost (`rules/nodes.ts`). */
export interface NodeVerbs {
  /** Records that this node is there, whom it finds lost, and forgets, by `afterBeat`. All nodes, this one too, oldest first. */
  beatNode(node: NewNode): Promise<ServiceNode[]>
  /** All nodes, oldest first. */
  listNodes(): Promise<ServiceNode[]>
  /** It has ended, as it was told to. */
  removeNode(id: string): Promise<void>
}
