import { afterBeat, type NodeVerbs } from '../nodes.ts'
import { newestOf } from '../schema-age.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { foldCounts } from './counts.ts'
import { asc, eq, inArray } from './drizzle.ts'
import { MIGRATIONS } from './opening.ts'
import { nodes } from './schema.ts'

export const loadNodes = ({ db }: Tx) => db.select().from(nodes).orderBy(asc(nodes.startedAt), asc(nodes.id))

/** Transactions with each beat. */
const MOST_FOLDS = 20

const APPLIED = 'SELECT max(created_at) AS applied FROM public.__drizzle_migrations'

export const createNodes = ({
  read,
  write,
  sealed,
  hints,
}: Pick<Context, 'read' | 'write' | 'sealed' | 'hints'>): NodeVerbs => {
  // As this process was started: an upgrade may replace the folder beneath it.
  const newest = newestOf(MIGRATIONS)

  /** What a later version needs of the schema, this one does not know: it ends, and its next start says why. */
  const endIfOutdated = async () => {
    const [row] = await read(tx => tx.rows<{ applied: number }>(APPLIED))
    if ((row?.applied ?? 0) > newest) hints.emit('broken', new Error('a later version has changed the schema'))
  }

  return {
    beatNode: async node => {
      await endIfOutdated()
      const known = await write(async tx => {
        // Two that take the place of a lost one take that of one each.
        await tx.lock(['nodes'])
        const beat = afterBeat(await loadNodes(tx), { ...node, key: sealed.keyId.toString('hex') }, tx.at)
        const { id: _, ...set } = beat.self
        await tx.db.insert(nodes).values(beat.self).onConflictDoUpdate({ target: nodes.id, set })
        for (const { id, lostAt } of beat.lost) await tx.db.update(nodes).set({ lostAt }).where(eq(nodes.id, id))
        if (beat.forgotten.length > 0) await tx.db.delete(nodes).where(inArray(nodes.id, [...beat.forgotten]))
        return beat.nodes
      })
      // Any node may do so, and what fails is counted among the errors of the database.
      await foldCounts({ write }, MOST_FOLDS).catch(() => {})
      return known
    },

    listNodes: () => read(loadNodes),

    removeNode: id => write(async ({ db }) => void (await db.delete(nodes).where(eq(nodes.id, id)))),
  }
}
