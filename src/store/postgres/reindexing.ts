import { DAY, HOUR } from '../../core/duration.ts'
import { REINDEXED } from '../facts.ts'
import type { Transactions } from './connection.ts'
import { pg } from './drizzle.ts'
import { findFact, putFact } from './facts.ts'
import { sessionOf } from './pool.ts'

/** Those from which rows come and go all the time: vacuum frees their pages, but not all of their size. */
const INDEXES = [
  'verifications_due',
  'deliveries_pkey',
  'deliveries_due',
  'deliveries_open',
  'lanes_first',
  'lanes_due_of_kind',
  'count_changes_pkey',
  'count_changes_owner',
]
/** A smaller one is read as fast as ever. */
const LEAST_BYTES = 16 * 1024 * 1024
const EVERY_MS = 1 * DAY
/** It waits for the transactions that are open, and locks nobody out meanwhile. */
const TIMEOUT_MS = 1 * HOUR

/** Whether this node is the one that does it today. A new database has its day before it. */
const isOurs = ({ write }: Pick<Transactions, 'write'>): Promise<boolean> =>
  write(async tx => {
    await tx.lock([REINDEXED.name])
    const last = await findFact(tx, REINDEXED)
    const isDue = last !== null && tx.at - last >= EVERY_MS
    if (isDue || last === null || last > tx.at) await putFact(tx, REINDEXED, tx.at)
    return isDue
  })

/** What a rebuilding leaves that did not come to its end. */
const LEFTOVERS = `
  SELECT c.oid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace AND c.relname ~ '_cc(new|old)[0-9]*$'`

const LARGE = `
  SELECT c.oid::regclass::text AS name FROM pg_class c JOIN unnest($1::text[]) AS hot(name) ON hot.name = c.relname
  WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace AND pg_relation_size(c.oid) >= $2`

export interface ReindexingOptions extends Pick<Transactions, 'write'> {
  url: string
  leastBytes?: number
  /** Nobody waits for the rest any more; the server ends the index that it builds. */
  signal?: AbortSignal
}

/**
 * Once a day, on one of all nodes, builds the large ones of the indexes anew that grow though their rows do not, one after the other.
 * The statements run in no transaction. Which were built; none where it may not.
 */
export const reindex = async ({
  write,
  url,
  leastBytes = LEAST_BYTES,
  signal = new AbortController().signal,
}: ReindexingOptions): Promise<string[]> => {
  if (!(await isOurs({ write }))) return []
  const client = new pg.Client({ ...sessionOf({ url, name: 'upkeep' }), query_timeout: TIMEOUT_MS })
  client.on('error', () => {})
  const namesOf = async (text: string, values: readonly unknown[] = []) =>
    (await client.query<{ name: string }>(text, [...values])).rows.map(({ name }) => name)
  const built: string[] = []
  const leave = () => client.connection.stream.destroy()
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', leave)
    await client.connect()
    for (const name of await namesOf(LEFTOVERS)) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
    for (const name of await namesOf(LARGE, [INDEXES, leastBytes])) {
      await client.query(`REINDEX INDEX CONCURRENTLY ${name}`)
      built.push(name)
    }
  } catch {
    // Tomorrow it is tried again; until then all works as before, with a larger index.
  } finally {
    signal.removeEventListener('abort', leave)
    client.end().catch(() => {})
    leave()
  }
  return built
}
