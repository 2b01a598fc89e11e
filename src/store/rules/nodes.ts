import { DAY, SECOND } from '../../core/duration.ts'
import { NODE_TRAITS, type NodeTrait } from '../../core/node.ts'
import type { NewNode, ServiceNode } from '../nodes.ts'

/** How often a node shows itself. */
export const BEAT_EVERY_MS = 5 * SECOND
/** Longer than this between two beats, and it was not there all the while: it was stopped, or the database was away. */
const GAP_MS = 3 * BEAT_EVERY_MS
/** Others have been there for so long, and it has not shown itself. */
const LOST_MS = 30 * SECOND
/** A lost node that nobody has put back by then is not missed any more. */
const FORGOTTEN_MS = DAY
/** So many are kept, those that showed themselves last. */
export const MOST_NODES = 100

/** What a node knows of another, whichever clock: how long it has been there all the while without a beat of that one. */
const silenceOf = (node: ServiceNode, witness: ServiceNode, now: number): number => {
  // A beat that lies ahead was before the clock was set back. That of a witness may be older: it may just have died.
  const seenAt = node.seenAt > now + GAP_MS ? witness.steadyAt : node.seenAt
  return witness.seenAt - Math.max(seenAt, witness.steadyAt)
}

/** Whether it has shown itself a moment ago: only such a one can tell of others. */
export const isThere = ({ seenAt }: Pick<ServiceNode, 'seenAt'>, now: number): boolean =>
  Math.abs(now - seenAt) <= LOST_MS

/** Somebody who was there misses it. Where the database was away, or the clock was set forward, nobody was. */
const isMissedNow = (node: ServiceNode, nodes: readonly ServiceNode[], now: number): boolean =>
  nodes.some(other => other.id !== node.id && isThere(other, now) && silenceOf(node, other, now) > LOST_MS)

/** Somebody has missed it since it showed itself last. */
const wasMissed = ({ steadyAt, seenAt }: ServiceNode): boolean => steadyAt > seenAt

/** Also where nobody was there to miss it since, as while the database was away. */
const isLost = (node: ServiceNode, nodes: readonly ServiceNode[], now: number): boolean =>
  isMissedNow(node, nodes, now) || (wasMissed(node) && !isThere(node, now))

const sameRoles = (a: NewNode, b: NewNode): boolean => a.roles.join() === b.roles.join()

/** The lost node in whose place this one was started: a restart of it, or one that does the same. */
const replacedBy = (self: ServiceNode, others: readonly ServiceNode[]): ServiceNode | null => {
  const before = others.filter(({ startedAt, seenAt }) => startedAt < self.startedAt && seenAt <= self.startedAt)
  // One of another name that was started while it worked was meant to work beside it.
  const silentThen = before.filter(({ seenAt }) => self.startedAt - seenAt > GAP_MS)
  return (
    before.find(other => other.name === self.name && silenceOf(other, self, self.seenAt) > GAP_MS) ??
    silentThen.find(
      other => self.replaces === null && sameRoles(other, self) && silenceOf(other, self, self.seenAt) > LOST_MS,
    ) ??
    null
  )
}

export interface Beat {
  self: ServiceNode
  /** Those that are missed from now on. */
  missed: readonly ServiceNode[]
  /** Ids of those that are forgotten. */
  forgotten: readonly string[]
  /** All that are left, with `self`, oldest first. */
  nodes: ServiceNode[]
}

/** What follows when a node shows itself, at `now`, with the master key of this name. */
export const afterBeat = (known: readonly ServiceNode[], beat: NewNode & { key: string }, now: number): Beat => {
  const last = known.find(({ id }) => id === beat.id)
  const isSteady = last !== undefined && !wasMissed(last) && now >= last.seenAt && now - last.seenAt <= GAP_MS
  const seen: ServiceNode = {
    ...beat,
    startedAt: last?.startedAt ?? now,
    seenAt: now,
    steadyAt: isSteady ? last.steadyAt : now,
    replaces: last?.replaces ?? null,
  }
  const others = known.filter(({ id }) => id !== beat.id)
  const replaced = replacedBy(seen, others)
  const self = replaced === null ? seen : { ...seen, replaces: replaced.name }
  const kept = others
    .filter(other => other !== replaced && Math.abs(now - other.seenAt) <= FORGOTTEN_MS)
    .toSorted((a, b) => b.seenAt - a.seenAt)
    .slice(0, MOST_NODES - 1)
  const isNewlyMissed = (other: ServiceNode) =>
    !wasMissed(other) && other.seenAt < now && isMissedNow(other, [...kept, self], now)
  const judged = kept.map(other => (isNewlyMissed(other) ? { ...other, steadyAt: now } : other))
  return {
    self,
    missed: judged.filter(other => !kept.includes(other)),
    forgotten: others.filter(other => !kept.includes(other)).map(({ id }) => id),
    nodes: [...judged, self].toSorted(byAge),
  }
}

const byAge = (a: ServiceNode, b: ServiceNode): number => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)

/** A node, and what is wrong with it. */
export interface JudgedNode extends ServiceNode {
  isLost: boolean
  /** In what it is not as most others are; nothing of a lost one. */
  differsIn: readonly NodeTrait[]
  /** Since when it has worked beside one that differs; null: it does not differ. */
  differsSince: number | null
}

const NOBODY: ReadonlySet<string> = new Set()

/** What most have; of two that as many have, that of the node which was started last: it is what operators meant last. */
const usual = (nodes: readonly ServiceNode[], trait: NodeTrait): string | undefined => {
  const groups = [...Map.groupBy(nodes, node => node[trait])]
  const newest = (group: readonly ServiceNode[]) => Math.max(...group.map(({ startedAt }) => startedAt))
  return groups.toSorted(([, a], [, b]) => b.length - a.length || newest(b) - newest(a))[0]?.[0]
}

/**
 * Who is lost, and who differs from the others, as of `now`. Oldest first.
 *
 * @param missed names of those that were told to be lost: such a one is lost until it shows itself
 */
export const judgeNodes = (
  nodes: readonly ServiceNode[],
  now: number,
  missed: ReadonlySet<string> = NOBODY,
): JudgedNode[] => {
  const isMissed = (node: ServiceNode) => missed.has(node.name) && !isThere(node, now)
  const lost = new Set(nodes.filter(node => isLost(node, nodes, now) || isMissed(node)))
  const there = nodes.filter(node => !lost.has(node))
  const differences = NODE_TRAITS.map(trait => {
    const value = usual(there, trait)
    const begunAt = Math.min(...there.filter(node => node[trait] === value).map(({ startedAt }) => startedAt))
    return { trait, value, begunAt }
  })
  return nodes.toSorted(byAge).map(node => {
    const found = lost.has(node) ? [] : differences.filter(({ trait, value }) => node[trait] !== value)
    const sinces = found.map(({ begunAt }) => Math.max(begunAt, node.startedAt))
    return {
      ...node,
      isLost: lost.has(node),
      differsIn: found.map(({ trait }) => trait),
      differsSince: sinces.length === 0 ? null : Math.min(...sinces),
    }
  })
}
