import type { Client } from 'pg'
import { StartError } from '../../core/error.ts'
import { getTableConfig } from './drizzle.ts'
import * as schema from './schema.ts'

/** The names of all tables. */
const TABLES = Object.values(schema).map(table => getTableConfig(table).name)

/**
 * Until the transaction ends, what is made goes where our tables are. Where there are none yet, not into a schema that is named like the
 * role, unless it is the only one: PostgreSQL looks there first ("$user"), once somebody has made it.
 */
export const MAKE_AT_HOME = `
  SELECT set_config('search_path', concat_ws(', ', quote_ident(home), nullif(current_setting('search_path'), '')), true)
  FROM (SELECT coalesce(
    (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('meta')),
    (SELECT name FROM unnest(current_schemas(false)) WITH ORDINALITY AS path(name, nth)
     WHERE name <> current_user ORDER BY nth LIMIT 1),
    current_schema()) AS home) AS found`

/** Of each of our names the schemas that have it, in the order in which PostgreSQL looks into them. */
const WHERE = `
  SELECT c.relname::text AS name, array_agg(n.nspname::text ORDER BY array_position(current_schemas(false), n.nspname)) AS schemas
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY(current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY($1::text[])
  GROUP BY c.relname ORDER BY c.relname`

/** A table of ours that is in several schemas, and those, in the order in which PostgreSQL looks. */
export interface HiddenTable {
  name: string
  schemas: readonly string[]
}

/** The first table of ours that another one hides, or of which nobody can tell which has what partners were told; null: none. */
export const findHidden = async (client: Pick<Client, 'query'>): Promise<HiddenTable | null> => {
  const { rows } = await client.query<HiddenTable>(WHERE, [TABLES])
  const homes = rows.find(({ name }) => name === getTableConfig(schema.registrations).name)?.schemas ?? []
  const isHidden = (schemas: readonly string[]) => {
    const [first, ...more] = schemas.filter(name => homes.includes(name))
    return first !== undefined && (more.length > 0 || schemas[0] !== first)
  }
  return rows.find(({ schemas }) => isHidden(schemas)) ?? null
}

/** Throws where `findHidden` finds one. */
export const refuseHidden = async (client: Pick<Client, 'query'>): Promise<void> => {
  const found = await findHidden(client)
  if (!found) return
  const [first, other] = found.schemas
  throw new StartError({
    en: `DATABASE_URL: the table ${found.name} of schema ${first} hides that of schema ${other}: rename the schema that is not the service's (ALTER SCHEMA … RENAME TO …), or take it out of search_path, and start again`,
    zh: `DATABASE_URL：模式 ${first} 中的表 ${found.name} 遮住了模式 ${other} 中的同名表：请将不属于本服务的模式改名（ALTER SCHEMA … RENAME TO …），或将其移出 search_path，然后重新启动`,
  })
}
