import { blob, check, integer, sql } from './drizzle.ts'

/** Times are epoch ms. A `sealed` column is a secret or a person's data, encrypted by the vault. */
export const time = (name: string) => integer(name)
export const flag = (name: string) => integer(name, { mode: 'boolean' }).notNull().default(false)
export const sealed = (name: string) => blob(name, { mode: 'buffer' })
/** The database itself refuses what no rule may write. */
export const oneOf = (name: string, column: string, values: readonly string[]) =>
  check(name, sql.raw(`${column} IN (${values.map(value => `'${value}'`).join(', ')})`))
export const holds = (name: string, condition: string) => check(name, sql.raw(condition))
