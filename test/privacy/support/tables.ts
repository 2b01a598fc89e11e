import Database from 'better-sqlite3'

const textOf = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))

/** Every row of every table as one text, by table; blobs as latin1. */
export const readTables = (path: string): Record<string, string> => {
  const database = new Database(path, { readonly: true })
  try {
    const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[]
    return Object.fromEntries(
      names.map(name => {
        const rows = database.prepare(`SELECT * FROM "${name}"`).raw().all() as unknown[][]
        return [name, rows.map(row => row.map(textOf).join('|')).join('\n')]
      }),
    )
  } finally {
    database.close()
  }
}

/** The tables that hold any of these texts. */
export const findInTables = (path: string, markers: readonly string[]): string[] =>
  Object.entries(readTables(path)).flatMap(([table, text]) =>
    markers
      .filter(marker => text.includes(Buffer.from(marker).toString('latin1')) || text.includes(marker))
      .map(marker => `${table}: ${marker}`),
  )
