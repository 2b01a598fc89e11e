import type { Store } from '../store.ts'
import { keyContext } from './accounts.ts'
import type { Context } from './context.ts'
import { verdictContext } from './registration-rows.ts'
import { secretContext } from './signing-secrets.ts'
import { messageContext } from './tell.ts'

type Verbs = Pick<Store, 'reseal'>
type Row = { rowid: number; sealed: Buffer; id: string; partnerId: string; idcardid: string; apiId: string }

/** Every sealed column, and the context that its value was sealed with. The canary comes last: it says that all is done. */
const COLUMNS: readonly { table: string; column: string; keys: string; contextOf: (row: Row) => string }[] = [
  { table: 'accounts', column: 'api_key', keys: 'api_id AS apiId', contextOf: row => keyContext(row.apiId) },
  { table: 'signing_secrets', column: 'secret', keys: 'id, partner_id AS partnerId', contextOf: secretContext },
  { table: 'verifications', column: 'verdict', keys: 'idcardid, partner_id AS partnerId', contextOf: verdictContext },
  {
    table: 'messages',
    column: 'body',
    keys: 'registration_id AS id, partner_id AS partnerId',
    contextOf: row => messageContext({ registrationId: row.id, partnerId: row.partnerId }),
  },
  { table: 'meta', column: 'value', keys: 'key AS id', contextOf: row => row.id },
]

/** Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. */
export const createResealing = ({ client, vault, write }: Context): Verbs => {
  const keyId = Buffer.from(vault.keyId, 'hex')
  const statements = COLUMNS.map(({ table, column, keys, contextOf }) => ({
    contextOf,
    stale: client.prepare<[Buffer, number], Row>(`
      SELECT rowid AS rowid, ${column} AS sealed, ${keys} FROM ${table}
      WHERE length(${column}) > 0 AND substr(${column}, 1, 4) <> ?${table === 'meta' ? " AND key = 'canary'" : ''} LIMIT +?`),
    update: client.prepare<[Buffer, number]>(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`),
  }))

  return {
    reseal: limit =>
      write(() => {
        let resealed = 0
        for (const { stale, update, contextOf } of statements) {
          for (const row of stale.all(keyId, limit - resealed)) {
            const context = contextOf(row)
            update.run(vault.seal(vault.open(row.sealed, context), context), row.rowid)
            resealed++
          }
          if (resealed >= limit) break
        }
        return resealed
      }),
  }
}
