import type { StoreContext } from '../context.ts'
import { asc, eq, inArray } from '../drizzle.ts'
import { afterBeat, type NodeVerbs } from '../nodes.ts'
import type { Tx } from '../tx.ts'

export const loadNodes = ({ db, schema: { nodes } }: Tx) =>
  db.select().from(nodes).orderBy(asc(nodes.startedAt), asc(nodes.id))

/** @param upkeep what an engine does with each beat, on whichever node: it must not fail for what can wait */
export const createNodes = (
  { read, write, sealed }: Pick<StoreContext, 'read' | 'write' | 'sealed'>,
  upkeep: () => Promise<void> = async () => {},
): NodeVerbs => ({
  beatNode: async node => {
    await upkeep()
    return write(async tx => {
      // Two that take the place of a lost one take that of one each.
      await tx.lock(['nodes'])
      const { nodes } = tx.schema
      const beat = afterBeat(await loadNodes(tx), { ...node, key: sealed.keyId.toString('hex') }, tx.at)
      const { id: _, ...set } = beat.self
      await tx.db.insert(nodes).values(beat.self).onConflictDoUpdate({ target: nodes.id, set })
      await tx.update(
        'nodes',
        ['id'],
        beat.lost.map(({ id, lostAt }) => ({ id, lostAt })),
      )
      if (beat.forgotten.length > 0) await tx.db.delete(nodes).where(inArray(nodes.id, [...beat.forgotten]))
      return beat.nodes
    })
  },

  listNodes: () => read(loadNodes),

  removeNode: id => write(async ({ db, schema: { nodes } }) => void (await db.delete(nodes).where(eq(nodes.id, id)))),
})
