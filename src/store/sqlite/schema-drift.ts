import Database from 'better-sqlite3'
import { drizzle, migrate } from './drizzle.ts'
import { MIGRATIONS } from './opening.ts'

/** A table, an index or a trigger, by its name. */
export interface SchemaObject {
  name: string
  /** What made it. */
  sql: string
}

export interface SchemaDrift {
  /** What this version has made, and is not there. */
  missing: readonly SchemaObject[]
  /** What is there, but otherwise than this version has made it. */
  changed: readonly SchemaObject[]
  /** What somebody else has made. */
  extra: readonly SchemaObject[]
}

const NOT_OURS = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name != '__drizzle_migrations'"

export const schemaObjectsOf = (client: Database.Database): SchemaObject[] =>
  client.prepare<[], SchemaObject>(`SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND ${NOT_OURS}`).all()

/** What the migrations of this version make of an empty database. */
export const currentSchema = (): SchemaObject[] => {
  const client = new Database(':memory:')
  try {
    migrate(drizzle({ client }), { migrationsFolder: MIGRATIONS })
    return schemaObjectsOf(client)
  } finally {
    client.close()
  }
}

/** SQLite keeps a text as it was typed, so spaces and quotes say nothing. */
const normalised = (sql: string): string => sql.replaceAll(/[\s"`]+/g, ' ').trim()

export const driftOf = (found: readonly SchemaObject[], expected: readonly SchemaObject[]): SchemaDrift => {
  const byName = new Map(found.map(object => [object.name, object]))
  const names = new Set(expected.map(({ name }) => name))
  return {
    missing: expected.filter(({ name }) => !byName.has(name)),
    changed: expected.filter(({ name, sql }) => {
      const there = byName.get(name)
      return there !== undefined && normalised(there.sql) !== normalised(sql)
    }),
    extra: found.filter(({ name }) => !names.has(name)),
  }
}
