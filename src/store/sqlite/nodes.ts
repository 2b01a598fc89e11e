import { afterBeat, type NodeVerbs } from '../nodes.ts'
import type { Db } from './connection.ts'
import type { Context } from './context.ts'
import { asc, eq, inArray } from './drizzle.ts'
import { nodes } from './schema.ts'

export const loadNodes = (db: Db) => db.select().from(nodes).orderBy(asc(nodes.startedAt), asc(nodes.id)).all()

export const createNodes = ({ db, read, write, now, sealed }: Context): NodeVerbs => {
  return {
    beatNode: node =>
      write(() => {
        const beat = afterBeat(loadNodes(db), { ...node, key: sealed.keyId.toString('hex') }, now())
        const { id: _, ...set } = beat.self
        db.insert(nodes).values(beat.self).onConflictDoUpdate({ target: nodes.id, set }).run()
        for (const { id, lostAt } of beat.lost) db.update(nodes).set({ lostAt }).where(eq(nodes.id, id)).run()
        if (beat.forgotten.length > 0) db.delete(nodes).where(inArray(nodes.id, beat.forgotten)).run()
        return beat.nodes
      }),

    listNodes: () => read(() => loadNodes(db)),

    removeNode: id => write(() => void db.delete(nodes).where(eq(nodes.id, id)).run()),
  }
}
