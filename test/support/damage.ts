import { readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'

/** Writes over the root pages of a table and its indexes, in a closed file. */
export const damageTable = (path: string, table: string): void => {
  const client = new Database(path, { readonly: true })
  const pages = client
    .prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE tbl_name = ? AND rootpage > 0')
    .pluck()
    .all(table)
  const size = client.pragma('page_size', { simple: true }) as number
  client.close()
  const bytes = readFileSync(path)
  for (const page of pages) bytes.fill(0xff, (page - 1) * size, page * size)
  writeFileSync(path, bytes)
}
