import { DAY, SECOND } from '../../core/duration.ts'
import { differingSettings, NODE_TRAITS, type NodeTrait } from '../../core/node.ts'
import type { VerbModule } from '../context.ts'
import { asc } from '../drizzle.ts'
import type { Row, Sql, Tx } from '../tx.ts'

/**
 * A process that works on the database.
 *
 * - `id`: of this start of the process. `name`: host and port, for operators; unchanged by a restart.
 * - `settings`: their fingerprints by `settingPrintsOf`. `key`: fingerprint of its master key, as in `EngineStats`.
 * - `clockAheadMs`: how far GetResult's clock is ahead of the node's; null: no answer yet.
 * - `answers`: response times of GetResult; null: the node does not poll.
 * - `steadyAt`: since when its beats have no gap. `lostAt`: when another node found it lost; null: it is not.
 */
export type ServiceNode = Row<'nodes'>
/** A node's own data. */
export type NewNode = Omit<ServiceNode, 'key' | 'startedAt' | 'seenAt' | 'steadyAt' | 'lostAt'>

/** Interval of a node's beats. */
export const HEARTBEAT_MS = 5 * SECOND
/** A longer time between two beats is a gap: the node was stopped, or the database was away. */
const GAP_MS = 3 * HEARTBEAT_MS
/** A node that is silent for longer is lost. A node without a gap for as long declares it. */
const LOST_MS = 30 * SECOND
/** A node that is silent for longer is removed. */
const FORGOTTEN_MS = DAY

/** Whether its last beat is recent. */
export const isAlive = ({ seenAt }: Pick<ServiceNode, 'seenAt'>, now: number): boolean =>
  Math.abs(now - seenAt) <= LOST_MS

/** Maximum of an API rate over all nodes, as a multiple of that rate. */
const MAX_OVERALL = 2

/**
 * Returns the share of each API rate that a node allows; 1 at most. Nodes do not count each other's requests, so a
 * share of 1/n would refuse half of a rate that reaches only one of two nodes. With 2/n, a node refuses too early only
 * if it gets more than twice its even part.
 *
 * @param nodes as of a beat at `at`
 */
export const shareOfRates = (nodes: readonly ServiceNode[], at: number): number => {
  const serving = nodes.filter(node => node.roles.includes('api') && isAlive(node, at)).length
  return Math.min(1, MAX_OVERALL / Math.max(1, serving))
}

/**
 * Plans a beat at `now` of a node with this master key. Returns the nodes newly `lost`, the ids of the `forgotten`
 * ones, and all remaining `nodes` with `self`, oldest first.
 */
export const planHeartbeat = (nodes: readonly ServiceNode[], node: NewNode & { key: string }, now: number) => {
  const last = nodes.find(({ id }) => id === node.id)
  const isSteady = last !== undefined && now - last.seenAt <= GAP_MS
  const times = { startedAt: last?.startedAt ?? now, seenAt: now, steadyAt: isSteady ? last.steadyAt : now }
  const self: ServiceNode = { ...node, ...times, lostAt: null }
  const others = nodes.filter(({ id }) => id !== node.id)
  const forgotten = new Set(others.filter(({ seenAt }) => now - seenAt > FORGOTTEN_MS))
  for (const other of replacedBy(self, others, { isFirstHeartbeat: last === undefined })) forgotten.add(other)
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

/** Silent nodes that this one replaces: of the same name, or, at its first beat, one with the same roles. */
const replacedBy = (
  self: ServiceNode,
  others: readonly ServiceNode[],
  { isFirstHeartbeat }: { isFirstHeartbeat: boolean },
): ServiceNode[] => {
  const silent = others.filter(({ seenAt }) => self.seenAt - seenAt > GAP_MS)
  const restarted = silent.filter(({ name, seenAt }) => name === self.name && seenAt <= self.startedAt)
  if (restarted.length > 0 || !isFirstHeartbeat) return restarted
  return silent.filter(({ roles }) => roles.join() === self.roles.join()).slice(0, 1)
}

const byAge = (a: ServiceNode, b: ServiceNode): number => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)

/** A node, with its faults. */
export interface JudgedNode extends ServiceNode {
  isLost: boolean
  /** Traits in which it differs from the node started last; none for a lost node. */
  differsIn: readonly NodeTrait[]
  /** Names of the settings in which it differs, as far as they are known. */
  settingsDiffering: readonly string[]
  /** When the node started last began to run, if this one differs from it; null: it does not. */
  differsSince: number | null
}

/**
 * Finds lost nodes, and nodes that differ from the one started last, which has the operators' latest settings.
 * Oldest first.
 */
export const judgeNodes = (nodes: readonly ServiceNode[]): JudgedNode[] => {
  const sorted = nodes.toSorted(byAge)
  const newest = sorted.findLast(({ lostAt }) => lostAt === null)
  return sorted.map(node => {
    const isLost = node.lostAt !== null
    const differsIn = NODE_TRAITS.filter(trait => newest && !isLost && node[trait] !== newest[trait])
    const settingsDiffering = newest && !isLost ? differingSettings(node.settings, newest.settings) : []
    const differsSince = differsIn.length > 0 && newest ? newest.startedAt : null
    return { ...node, isLost, differsIn, settingsDiffering, differsSince }
  })
}

export const loadNodes = ({ select, schema: { nodes } }: Tx) =>
  select().from(nodes).orderBy(asc(nodes.startedAt), asc(nodes.id))

const REMOVE: Sql = d => `DELETE FROM nodes WHERE id IN ${d.list('ids', 'text')}`

/** Work of an engine at each beat, on any node. It must not fail for anything that can wait. */
export type Upkeep = () => Promise<void>

export const nodeVerbs = {
  loops: ({ read, write, sealed }, { upkeep }: { upkeep?: Upkeep }) => ({
    /**
     * Records that this node is alive, marks silent nodes as lost and removes nodes by `planHeartbeat`.
     * Each node calls it every few seconds. Returns all nodes with this one, oldest first.
     */
    beatNode: async (node: NewNode): Promise<ServiceNode[]> => {
      await upkeep?.()
      return write(async tx => {
        // Two new nodes must not replace the same lost one.
        await tx.lock(['nodes'])
        const stored = await loadNodes(tx)
        const plan = planHeartbeat(stored, { ...node, key: sealed.keyId.toString('hex') }, tx.at)
        if (stored.some(({ id }) => id === node.id)) await tx.update('nodes', ['id'], [plan.self])
        else await tx.insert('nodes', [plan.self])
        const lost = plan.lost.map(({ id, lostAt }) => ({ id, lostAt }))
        await tx.update('nodes', ['id'], lost)
        if (plan.forgotten.length > 0) await tx.all(REMOVE, { ids: plan.forgotten })
        return plan.nodes
      })
    },

    /** Oldest first. */
    listNodes: (): Promise<ServiceNode[]> => read(loadNodes),

    /** Removes a node that has stopped in an orderly way. */
    removeNode: (id: string): Promise<void> => write(async tx => void (await tx.all(REMOVE, { ids: [id] }))),
  }),
} satisfies VerbModule
