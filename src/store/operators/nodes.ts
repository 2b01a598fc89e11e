import { DAY, SECOND } from '../../core/duration.ts'
import { NODE_TRAITS, type NodeTrait } from '../../core/node.ts'
import type { StoreContext } from '../context.ts'
import { asc, eq, inArray } from '../drizzle.ts'
import type { Store } from '../store.ts'
import type { Row, Tx } from '../tx.ts'

/**
 * A process that works on the database.
 *
 * - `id`: of this start of the process. `name`: host and port, by which operators know it; after a restart it has the same.
 * - `settings`: names them, as `settingsIdOf` does. `key`: names its master key, as in `EngineStats`.
 * - `clockAheadMs`: how far GetResult's clock is ahead of its own; null: it has had no answer.
 * - `answers`: how long GetResult takes; null: it asks nothing.
 * - `steadyAt`: since when it has shown itself without a gap. `lostAt`: when another node found it lost; null: it is not.
 */
export type ServiceNode = Row<'nodes'>
/** As it says itself. */
export type NewNode = Omit<ServiceNode, 'key' | 'startedAt' | 'seenAt' | 'steadyAt' | 'lostAt'>

/** How often a node shows itself. */
export const BEAT_EVERY_MS = 5 * SECOND
/** Longer than this between two beats, and it was not there all the while: it was stopped, or the database was away. */
const GAP_MS = 3 * BEAT_EVERY_MS
/** A node that has been there for so long tells that another one, which has been silent for so long, is lost. */
const LOST_MS = 30 * SECOND
/** A lost node that nobody has put back by then is not missed any more. */
const FORGOTTEN_MS = DAY

/** Whether it has shown itself a moment ago. */
export const isThere = ({ seenAt }: Pick<ServiceNode, 'seenAt'>, now: number): boolean =>
  Math.abs(now - seenAt) <= LOST_MS

/** All nodes together allow so many times what a rate of the API says. */
const MOST_IN_ALL = 2

/**
 * The part of each rate of the API that one node allows, of all that serve; 1 at most. Nodes do not count each other's calls, so a part
 * of 1/n would refuse half of a rate where all of it comes to one of two nodes. With twice that, a node refuses too early only where it
 * gets more than twice its even part.
 *
 * @param nodes as of a beat at `at`
 */
export const shareOfRates = (nodes: readonly ServiceNode[], at: number): number => {
  const serving = nodes.filter(node => node.roles.includes('api') && isThere(node, at)).length
  return Math.min(1, MOST_IN_ALL / Math.max(1, serving))
}

/**
 * What follows when a node shows itself, at `now`, with the master key of this name: which are `lost` from now on, the ids of those that are
 * `forgotten`, and all that are left, with `self`, oldest first.
 */
export const afterBeat = (known: readonly ServiceNode[], node: NewNode & { key: string }, now: number) => {
  const last = known.find(({ id }) => id === node.id)
  const isSteady = last !== undefined && now - last.seenAt <= GAP_MS
  const times = { startedAt: last?.startedAt ?? now, seenAt: now, steadyAt: isSteady ? last.steadyAt : now }
  const self: ServiceNode = { ...node, ...times, lostAt: null }
  const others = known.filter(({ id }) => id !== node.id)
  const forgotten = new Set(others.filter(({ seenAt }) => now - seenAt > FORGOTTEN_MS))
  for (const other of replacedBy(self, others, { isFirstBeat: last === undefined })) forgotten.add(other)
  const left = others.filter(other => !forgotten.has(other))
  const isMissed = ({ lostAt, seenAt }: ServiceNode) =>
    lostAt === null && now - seenAt > LOST_MS && now - self.steadyAt > LOST_MS
  const lost = left.filter(isMissed).map(other => ({ ...other, lostAt: now }))
  return {
    self,
    lost,
    forgotten: [...forgotten].map(({ id }) => id),
    nodes: [...left.filter(other => !isMissed(other)), ...lost, self].toSorted(byAge),
  }
}

/** The silent ones in whose place this one was started: it has their name, or takes over the roles of one of them with its first beat. */
const replacedBy = (
  self: ServiceNode,
  others: readonly ServiceNode[],
  { isFirstBeat }: { isFirstBeat: boolean },
): ServiceNode[] => {
  const silent = others.filter(({ seenAt }) => self.seenAt - seenAt > GAP_MS)
  const restarted = silent.filter(({ name, seenAt }) => name === self.name && seenAt <= self.startedAt)
  if (restarted.length > 0 || !isFirstBeat) return restarted
  return silent.filter(({ roles }) => roles.join() === self.roles.join()).slice(0, 1)
}

const byAge = (a: ServiceNode, b: ServiceNode): number => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)

/** A node, and what is wrong with it. */
export interface JudgedNode extends ServiceNode {
  isLost: boolean
  /** In what it is not as the node that was started last; nothing of a lost one. */
  differsIn: readonly NodeTrait[]
  /** Since when it has worked beside one that differs; null: it does not differ. */
  differsSince: number | null
}

/** Who is lost, and who differs from the node that was started last, which is what operators meant last. Oldest first. */
export const judgeNodes = (nodes: readonly ServiceNode[]): JudgedNode[] => {
  const sorted = nodes.toSorted(byAge)
  const newest = sorted.findLast(({ lostAt }) => lostAt === null)
  return sorted.map(node => {
    const isLost = node.lostAt !== null
    const differsIn = NODE_TRAITS.filter(trait => newest && !isLost && node[trait] !== newest[trait])
    return { ...node, isLost, differsIn, differsSince: differsIn.length > 0 && newest ? newest.startedAt : null }
  })
}

export const loadNodes = ({ db, schema: { nodes } }: Tx) =>
  db.select().from(nodes).orderBy(asc(nodes.startedAt), asc(nodes.id))

/** @param upkeep what an engine does with each beat, on whichever node: it must not fail for what can wait */
export const createNodes = (
  { read, write, sealed }: Pick<StoreContext, 'read' | 'write' | 'sealed'>,
  upkeep: () => Promise<void> = async () => {},
) =>
  ({
    beatNode: async node => {
      await upkeep()
      return write(async tx => {
        // Two that take the place of a lost one take that of one each.
        await tx.lock(['nodes'])
        const { nodes } = tx.schema
        const beat = afterBeat(await loadNodes(tx), { ...node, key: sealed.keyId.toString('hex') }, tx.at)
        const { id: _, ...set } = beat.self
        await tx.db.insert(nodes).values(beat.self).onConflictDoUpdate({ target: nodes.id, set })
        const lost = beat.lost.map(({ id, lostAt }) => ({ id, lostAt }))
        await tx.update('nodes', ['id'], lost)
        if (beat.forgotten.length > 0) await tx.db.delete(nodes).where(inArray(nodes.id, beat.forgotten))
        return beat.nodes
      })
    },

    listNodes: () => read(loadNodes),

    removeNode: id => write(async ({ db, schema: { nodes } }) => void (await db.delete(nodes).where(eq(nodes.id, id)))),
  }) satisfies Partial<Store>
