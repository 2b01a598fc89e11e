import type { ServiceNode } from '../nodes.ts'
import { isThere } from './nodes.ts'

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
