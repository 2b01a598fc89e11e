import { HOUR } from '../../core/duration.ts'
import type { MessageState } from '../../core/message.ts'
import type { Account } from '../account.ts'
import type { CallbackTrouble } from '../callbacks/callback.ts'
import type { StoreContext } from '../context.ts'
import { asc, eq, gt } from '../drizzle.ts'
import { afterChangingPartner } from '../hints.ts'
import { stopClaims } from '../messages/claims-lock.ts'
import type { PollForecast } from '../rules/poll-forecast.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import { addKey, type NewKey } from './api-keys.ts'
import { createSecretRows, type NewSigningSecret } from './signing-secrets.ts'

export interface Partner {
  id: string
  name: string
  disabled: boolean
  /** `thin` webhooks leave out the scores and the message. */
  payload: 'full' | 'thin'
  quotas: Quotas
  createdAt: number
}

/** With its first API key and its first signing secret. */
export interface NewPartner extends Pick<Partner, 'id' | 'name'> {
  key: NewKey
  secret: Pick<NewSigningSecret, 'id' | 'text'>
}

/** Null: no limit. */
export interface Quotas {
  /** Registrations that wait for their verdict. */
  pending: number | null
  /** Different callback hosts. */
  hosts: number | null
  /** New registrations in 24 hours. */
  daily: number | null
}

/** What a partner has used of its quotas. */
export type Usage = { [Quota in keyof Quotas]: number }

/** What a partner can see of how it is going. */
export interface PartnerStatus {
  /** The one that was named, or that its serials are asked with where they name none; null: there is none that it may use. */
  account: Account | null
  /** Of a serial that is registered now; null: the account is not asked. */
  queue: PollForecast | null
  /** Of the newest messages since then, `MOST_MESSAGES` at most. */
  messages: { since: number } & Record<MessageState, number>
  /** Its URLs that fail or are held, the longest first, `MOST_TROUBLES` at most. */
  callbacks: readonly CallbackTrouble[]
}

/** How many messages a status counts, and of which time. */
export const MOST_MESSAGES = 1_000
export const STATUS_MS = HOUR

/** Undefined: it stays as it is. */
export interface PartnerChange {
  name?: string | undefined
  disabled?: boolean | undefined
  payload?: 'full' | 'thin' | undefined
  quotas?: { [Quota in keyof Quotas]?: Quotas[Quota] | undefined } | undefined
}

/** As it is stored. */
export interface PartnerRow extends Omit<Partner, 'quotas'> {
  maxPending: number | null
  maxHosts: number | null
  maxDaily: number | null
}

export const viewPartner = (row: PartnerRow): Partner => ({
  id: row.id,
  name: row.name,
  disabled: row.disabled,
  payload: row.payload,
  quotas: { pending: row.maxPending, hosts: row.maxHosts, daily: row.maxDaily },
  createdAt: row.createdAt,
})

/** What `change` may touch, as it is afterwards. */
export const afterPartnerChange = (row: PartnerRow, change: PartnerChange): Omit<PartnerRow, 'id' | 'createdAt'> => {
  const { name = row.name, disabled = row.disabled, payload = row.payload, quotas = {} } = change
  const { pending = row.maxPending, hosts = row.maxHosts, daily = row.maxDaily } = quotas
  return { name, disabled, payload, maxPending: pending, maxHosts: hosts, maxDaily: daily }
}

export const createPartners = (context: StoreContext) => {
  const { read, write, tell } = context
  const secrets = createSecretRows(context)

  return {
    createPartner: ({ id, name, key, secret }) =>
      write(async tx => {
        await tx.insert('partners', [{ id, name, createdAt: tx.at }])
        await addKey(tx, id, key)
        await secrets.add(tx, id, { ...secret, type: 'v1' })
        return viewPartner((await findRow(tx, id)) as PartnerRow)
      }),

    findPartner: id =>
      read(async tx => {
        const row = await findRow(tx, id)
        return row ? viewPartner(row) : null
      }),

    listPartners: ({ limit, after }) =>
      read(async ({ db, schema: { partners } }) => {
        const rows = await db
          .select()
          .from(partners)
          .where(after === null ? undefined : gt(partners.id, after))
          .orderBy(asc(partners.id))
          .limit(limit)
        return rows.map(viewPartner)
      }),

    changePartner: async (id, change) => {
      const changed = await write(async tx => {
        if (change.disabled) await stopClaims(tx)
        const { partners } = tx.schema
        const [row] = await tx.dialect.locked(tx.db.select().from(partners).where(eq(partners.id, id)))
        if (!row) return null
        const after = afterPartnerChange(row, change)
        await tx.update('partners', ['id'], [{ id, ...after }])
        return viewPartner({ ...row, ...after })
      })
      tell(afterChangingPartner(changed, change))
      return changed
    },
  } satisfies Partial<Store>
}

const findRow = async ({ db, schema: { partners } }: Tx, id: string): Promise<PartnerRow | undefined> =>
  (await db.select().from(partners).where(eq(partners.id, id)))[0]
