import { MINUTE } from '../../core/duration.ts'
import type { Transactions, Tx } from './connection.ts'

interface Count {
  what: string
  owner: string
  n: number
  /** The greatest id of what was folded. */
  last: number
}

/** Changes that one transaction folds. */
const FOLDED_TOGETHER = 5_000
/** Before every id. */
const FIRST = 0
const FROM_FIRST_EVERY_MS = MINUTE

/**
 * Adds the oldest changes after an id to the counts, and gives what those are now; by key, so that two nodes do not lock each other. An
 * array, since the planner may join a subquery by reading the whole table, dead rows and all.
 */
const FOLD = `
  WITH folded AS (
    DELETE FROM count_changes WHERE id = ANY(ARRAY(
      SELECT id FROM count_changes WHERE id > $1 ORDER BY id LIMIT ${FOLDED_TOGETHER} FOR UPDATE SKIP LOCKED))
    RETURNING id, what, owner, n)
  INSERT INTO counts AS known (what, owner, n)
    SELECT what, owner, sum(n)::bigint FROM folded GROUP BY owner, what ORDER BY owner, what
  ON CONFLICT (owner, what) DO UPDATE SET n = known.n + excluded.n
  RETURNING known.what, known.owner, known.n, (SELECT max(id) FROM folded) AS last`

const NEWEST = 'SELECT last_value AS id FROM count_changes_id_seq'

const FORGET = `
  DELETE FROM counts AS known USING unnest($1::text[], $2::text[]) AS empty(what, owner)
  WHERE known.what = empty.what AND known.owner = empty.owner AND known.n = 0`

interface Folded {
  /** Where the next one goes on. */
  after: number
  isDone: boolean
}

const fold = async (tx: Tx, after: number): Promise<Folded> => {
  const counts = await tx.rows<Count>(FOLD, [after])
  const [first] = counts
  // Others may have folded all of it.
  if (!first) return { after: (await tx.rows<{ id: number }>(NEWEST))[0]?.id ?? after, isDone: true }
  const empty = counts.filter(({ n }) => n === 0)
  if (empty.length > 0) await tx.rows(FORGET, [empty.map(({ what }) => what), empty.map(({ owner }) => owner)])
  return { after: first.last, isDone: false }
}

/**
 * Adds what triggers have counted to the counts, at each call until nothing is left, or for `most` transactions. Any number of nodes may
 * do so. What is folded stays in the index for as long as another transaction is open that could see it, so a node goes on from what it
 * folded last; what was committed later than a greater id is folded when it begins from the first again, each minute.
 */
export const createFolding = ({ write, now }: Pick<Transactions, 'write'> & { now: () => number }) => {
  let folded = FIRST
  let fromFirstAt = Number.NEGATIVE_INFINITY

  return async (most: number): Promise<void> => {
    const at = now()
    const isFromFirst = Math.abs(at - fromFirstAt) >= FROM_FIRST_EVERY_MS
    // Where that takes too long it fails, and must not keep the newer ones from being folded.
    if (isFromFirst) fromFirstAt = at
    let next: Folded = { after: isFromFirst ? FIRST : folded, isDone: false }
    for (let left = most; left > 0 && !next.isDone; left--) {
      const { after } = next
      next = await write(tx => fold(tx, after))
      // A fail-over may have lost numbers, which are given again.
      folded = next.isDone ? next.after : Math.max(folded, next.after)
    }
  }
}
