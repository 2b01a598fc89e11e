import { readFileSync } from 'node:fs'
import type { Client } from 'pg'
import { StartError } from '../../core/error.ts'
import { BEAT_EVERY_MS, isThere } from '../rules/nodes.ts'
import { journalOf } from '../schema-age.ts'

/** The comment of a migration that takes away what the version before needs (docs/migrations.md). */
const STOPS_ALL = /^-- All nodes are stopped first\b/m

/** Whether one of the migrations that came after `applied` has that comment. */
export const stopsOlder = (folder: string, applied: number): boolean =>
  journalOf(folder).some(
    ({ when, tag }) => when > applied && STOPS_ALL.test(readFileSync(`${folder}/${tag}.sql`, 'utf8')),
  )

/** The start waits for so long between two looks at the nodes. */
const LOOK_EVERY_MS = 1_000
/** A node that is at work has shown itself by then, also where the database was away before. */
const LOOKS_FOR_A_BEAT = 1 + BEAT_EVERY_MS / LOOK_EVERY_MS

/**
 * Most migrations leave what nodes of the version before need. Throws where one that is missing does not, while such nodes work on the
 * database: they could neither record nor send anything any more. At work is who shows itself while it is looked: one that was killed is
 * waited for until it counts as gone.
 */
export const refuseBesideOlder = async (
  client: Pick<Client, 'query'>,
  folder: string,
  applied: number,
  lookEveryMs = LOOK_EVERY_MS,
): Promise<void> => {
  if (!stopsOlder(folder, applied)) return
  let before = await readNodes(client)
  for (let looks = 0; before.length > 0 && (looks < LOOKS_FOR_A_BEAT || before.some(node => node.isThere)); looks++) {
    await client.query('SELECT pg_sleep($1::float8 / 1000)', [lookEveryMs])
    const seen = new Set(before.map(({ id, seenAt }) => `${id} ${seenAt}`))
    before = await readNodes(client)
    if (before.some(({ id, seenAt }) => !seen.has(`${id} ${seenAt}`)))
      throw atWork(before.flatMap(({ name, isThere }) => (isThere ? [name] : [])))
  }
}

const atWork = (names: readonly string[]) =>
  new StartError({
    en: `this version changes the schema in a way that nodes of the version before cannot work with: stop all of them, ${names.join(', ')}, and start again. Nothing was changed`,
    zh: `本版本对数据库结构的更改与上一版本的节点不兼容：请先停止所有节点（${names.join('、')}），再重新启动。尚未做任何改动`,
  })

interface ShownNode {
  id: string
  name: string
  seenAt: string
  isThere: boolean
}

/** Of a schema without the table of nodes there are none: no version of that time let several work on one database. */
const readNodes = async (client: Pick<Client, 'query'>): Promise<ShownNode[]> => {
  const { rows: tables } = await client.query("SELECT WHERE to_regclass('public.nodes') IS NOT NULL")
  if (tables.length === 0) return []
  const { rows } = await client.query<Omit<ShownNode, 'isThere'> & { now: string }>(
    `SELECT id, name, seen_at AS "seenAt", floor(extract(epoch FROM clock_timestamp()) * 1000) AS now FROM nodes ORDER BY name`,
  )
  return rows.map(({ now, ...node }) => ({ ...node, isThere: isThere({ seenAt: Number(node.seenAt) }, Number(now)) }))
}
