import { NODE_CONDITIONS, type NodeVerbs } from '../../../../src/store/nodes.ts'
import { afterBeat, byAge } from '../../../../src/store/rules/nodes.ts'
import type { Context } from './context.ts'

/** Nothing is sealed here. */
const NO_KEY = '00000000'

export const createNodes = ({ tables, now }: Context): NodeVerbs => {
  const { nodes, operatorEvents, transaction } = tables
  return {
    beatNode: async node =>
      transaction(() => {
        const beat = afterBeat(nodes.all(), { ...node, key: NO_KEY }, now())
        nodes.set(node.id, beat.self)
        for (const one of beat.missed) nodes.set(one.id, one)
        for (const id of beat.forgotten) nodes.delete(id)
        return beat.nodes
      }),
    listNodes: async () => nodes.all().sort(byAge),
    removeNode: async id => transaction(() => nodes.delete(id)),
    firingNodeEvents: async () =>
      operatorEvents
        .where(({ state }) => state === 'firing')
        .toSorted((a, b) => a.id - b.id)
        .flatMap(({ condition, subject }) =>
          NODE_CONDITIONS.flatMap(one => (one === condition ? [{ condition: one, subject }] : [])),
        ),
  }
}
