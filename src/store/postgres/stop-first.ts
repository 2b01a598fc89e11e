import { readFileSync } from 'node:fs'
import type { Client } from 'pg'
import { StartError } from '../../core/error.ts'
import { isThere } from '../rules/nodes.ts'
import { journalOf } from '../schema-age.ts'

/** The comment of a migration that takes away what the version before needs (docs/migrations.md). */
const STOPS_ALL = /^-- All nodes are stopped first\b/m

/** Whether one of the migrations that came after `applied` has that comment. */
export const stopsOlder = (folder: string, applied: number): boolean =>
  journalOf(folder).some(
    ({ when, tag }) => when > applied && STOPS_ALL.test(readFileSync(`${folder}/${tag}.sql`, 'utf8')),
  )

/**
 * Most migrations leave what nodes of the version before need. Throws where one that is missing does not, while such nodes work on the
 * database: they could neither record nor send anything any more.
 */
export const refuseBesideOlder = async (client: Pick<Client, 'query'>, folder: string, applied: number) => {
  if (!stopsOlder(folder, applied)) return
  const names = await nodesAtWork(client)
  if (names.length === 0) return
  throw new StartError({
    en: `this version changes the schema in a way that nodes of the version before cannot work with: stop all of them, ${names.join(', ')}, and start again; one that was killed is taken for stopped after 30 s. Nothing was changed`,
    zh: `本版本对数据库结构的更改与上一版本的节点不兼容：请先停止所有节点（${names.join('、')}），再重新启动；被强制终止的节点 30 秒后视为已停止。尚未做任何改动`,
  })
}

/** Of a schema without the table of nodes there are none: no version of that time let several work on one database. */
const nodesAtWork = async (client: Pick<Client, 'query'>): Promise<string[]> => {
  const { rows: tables } = await client.query("SELECT WHERE to_regclass('public.nodes') IS NOT NULL")
  if (tables.length === 0) return []
  const { rows } = await client.query<{ name: string; seenAt: string; now: string }>(
    `SELECT name, seen_at AS "seenAt", floor(extract(epoch FROM clock_timestamp()) * 1000) AS now FROM nodes ORDER BY name`,
  )
  return rows.filter(row => isThere({ seenAt: Number(row.seenAt) }, Number(row.now))).map(({ name }) => name)
}
