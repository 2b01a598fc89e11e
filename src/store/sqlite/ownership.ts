import Database from 'better-sqlite3'

/** `idfn`: stands in the header of each database of ours, so that a file of something else is told apart. */
export const APPLICATION_ID = 0x69_64_66_6e

/** drizzle makes it by itself, in a file that is otherwise empty still. */
const MADE_FIRST = '__drizzle_migrations'
/** Of ours since the first version. */
const TABLES = [MADE_FIRST, 'meta', 'verifications', 'registrations', 'messages']
/** So many are named. */
const SHOWN = 3

/** The tables that somebody has made in it. */
export const tablesOf = (client: Database.Database): string[] =>
  client
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all()

const hasAllOf = (tables: readonly string[]): boolean => TABLES.every(name => tables.includes(name))

/**
 * What an SQLite file without an application_id holds that is not ours, in words; null: it is ours, from before it got one, or
 * empty. The file is not changed.
 */
export const foreignContentOf = (path: string): string | null => {
  const client = new Database(path, { readonly: true })
  try {
    const tables = tablesOf(client)
    const isEmpty = tables.every(name => name === MADE_FIRST)
    if (isEmpty || hasAllOf(tables)) return null
    const shown = tables.slice(0, SHOWN).join(', ')
    return `tables ${shown}${tables.length > SHOWN ? ', …' : ''}`
  } finally {
    client.close()
  }
}
