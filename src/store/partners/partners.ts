import { AppError } from '../../core/error.ts'
import { stopClaims } from '../claims-lock.ts'
import type { VerbModule } from '../context.ts'
import { asc, eq, gt } from '../drizzle.ts'
import { idOf, type Page, pageOf } from '../page.ts'
import { loadCounts } from '../stats/counts.ts'
import type { Row, Sql, Tx } from '../tx.ts'
import { addKey, type NewKey } from './api-keys.ts'
import type { Quotas } from './quotas.ts'
import { addSecret, type NewSigningSecret } from './signing-secrets.ts'

export interface Partner {
  id: string
  name: string
  disabled: boolean
  /** `thin` webhooks leave out the scores and the message. */
  payload: 'full' | 'thin'
  quotas: Quotas
  createdAt: number
}

/** A partner of the list: its pending registrations, and when one of its keys was last used, to the minute. */
export interface ListedPartner extends Partner {
  pending: number
  lastUsedAt: number | null
}

/** With its first API key and its first signing secret. */
export interface NewPartner extends Pick<Partner, 'id' | 'name'> {
  key: NewKey
  secret: Pick<NewSigningSecret, 'id' | 'text'>
}

/** An undefined field stays unchanged. */
export interface PartnerChange {
  name?: string | undefined
  disabled?: boolean | undefined
  payload?: 'full' | 'thin' | undefined
  quotas?: { [Quota in keyof Quotas]?: Quotas[Quota] | undefined } | undefined
}

const viewPartner = ({
  maxPending,
  maxHosts,
  maxDaily,
  events: _,
  enabledAt: __,
  ...partner
}: Row<'partners'>): Partner => ({
  ...partner,
  quotas: { pending: maxPending, hosts: maxHosts, daily: maxDaily },
})

/** Older databases may have two of a name: each keeps it in other changes. */
const NAMESAKE = `
  SELECT id FROM partners
  WHERE name = @name AND NOT EXISTS (SELECT 1 FROM partners WHERE id = @id AND name = @name) ORDER BY id LIMIT 1`
const refuseTakenName = async (tx: Tx, id: string, name: string): Promise<void> => {
  await tx.lock([`name of a partner ${name}`])
  const [other] = await tx.all<Pick<Partner, 'id'>>(NAMESAKE, { id, name })
  if (!other) return
  const message = { en: `must be another: it is the name of ${other.id}`, zh: `必须换一个：${other.id} 已使用该名称` }
  const detail = { en: `Another partner has this name: ${other.id}.`, zh: `已有同名的合作方：${other.id}。` }
  throw new AppError('conflict', detail, { errors: [{ path: 'name', message }] })
}

const LAST_USED: Sql = d => `
  SELECT partner_id AS id, max(last_used_at) AS "lastUsedAt" FROM api_keys WHERE partner_id IN ${d.list('ids', 'text')} GROUP BY partner_id`
const NAMES: Sql = d => `SELECT id, name FROM partners WHERE id IN ${d.list('ids', 'text')}`

const LOCK: Sql = d => `SELECT id FROM partners WHERE id = @id ${d.forUpdate()}`

const load = async ({ select, schema: { partners } }: Tx, id: string): Promise<Row<'partners'> | null> =>
  (await select().from(partners).where(eq(partners.id, id)))[0] ?? null

export const partnerVerbs = {
  lookups: ({ read }) => ({
    findPartner: (id: string): Promise<Partner | null> =>
      read(async tx => {
        const row = await load(tx, id)
        return row && viewPartner(row)
      }),

    /** Returns names by id, without unknown ids. */
    partnerNames: (ids: readonly string[]): Promise<ReadonlyMap<string, string>> =>
      read(async tx => {
        const rows = await tx.all<Pick<Partner, 'id' | 'name'>>(NAMES, { ids })
        return new Map(rows.map(({ id, name }) => [id, name]))
      }),
  }),

  calls: ({ read, write, emitHints, sealed }) => ({
    /** Throws a conflict if another partner has its name, as `changePartner` does. */
    createPartner: ({ id, name, key, secret }: NewPartner): Promise<Partner> =>
      write(async tx => {
        await refuseTakenName(tx, id, name)
        await tx.insert('partners', [{ id, name, createdAt: tx.at }])
        await addKey(tx, id, key)
        await addSecret(tx, id, { ...secret, type: 'v1' }, sealed)
        return viewPartner((await load(tx, id)) as Row<'partners'>)
      }),

    /** Oldest first, at most `limit`, from after the partner `after`. */
    listPartners: ({ limit, after }: { limit: number; after: string | null }): Promise<Page<ListedPartner>> =>
      read(async tx => {
        const { partners } = tx.schema
        const later = tx
          .select()
          .from(partners)
          .where(gt(partners.id, after ?? ''))
        const rows = await later.orderBy(asc(partners.id)).limit(limit + 1)
        const ids = rows.map(idOf)
        const countOf = await loadCounts(tx, ids)
        const used = await tx.all<Pick<ListedPartner, 'id' | 'lastUsedAt'>>(LAST_USED, { ids })
        const usedAt = new Map(used.map(({ id, lastUsedAt }) => [id, lastUsedAt]))
        const listed = rows.map(row => {
          const facts = { pending: countOf('partner_pending', row.id), lastUsedAt: usedAt.get(row.id) ?? null }
          return { ...viewPartner(row), ...facts }
        })
        return pageOf(listed, limit, idOf)
      }),

    /**
     * Changes the fields that `change` names. While a partner is disabled, its keys are refused, and nothing is polled
     * or sent for it; nothing is lost.
     */
    changePartner: async (id: string, change: PartnerChange): Promise<Partner | null> => {
      const { name, disabled, payload, quotas: { pending, hosts, daily } = {} } = change
      const changed = await write(async tx => {
        if (name !== undefined) await refuseTakenName(tx, id, name)
        if (disabled) await stopClaims(tx)
        await tx.all(LOCK, { id })
        const row = await load(tx, id)
        if (!row) return null
        const enabledAt = row.disabled && disabled === false ? tx.at : undefined
        const named = { name, disabled, enabledAt, payload, maxPending: pending, maxHosts: hosts, maxDaily: daily }
        const changes = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
        await tx.update('partners', ['id'], Object.keys(changes).length === 0 ? [] : [{ id, ...changes }])
        return viewPartner({ ...row, ...changes })
      })
      if (changed && disabled) emitHints([['withdrawn', { partnerId: id, registrationId: null }]])
      if (changed && disabled === false) emitHints([['verificationsDue'], ['messagesDue']])
      return changed
    },
  }),
} satisfies VerbModule
