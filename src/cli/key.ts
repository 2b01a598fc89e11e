import { createIds, random } from '../app/clock-and-ids.ts'
import { createApiKey } from '../core/api-key.ts'
import { print, refuse, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'
import { showTable, showTime } from './table.ts'

const noPartner = (id: string) => refuse(`There is no partner ${id}; "partner list" shows them.`)

export const createKey = (partnerId: string, { json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const { id, text, hash } = createApiKey(createIds()('key'), random)
    const key = (await store.createKey(partnerId, { id, hash })) ?? noPartner(partnerId)
    if (json) return print(JSON.stringify({ id: key.id, partnerId, apiKey: text }))
    print(`Created ${key.id}. It is shown this once; keep it.\n\n  apiKey  ${text}`)
  })

export const listKeys = (partnerId: string, { json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const keys = (await store.listKeys(partnerId)) ?? noPartner(partnerId)
    const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
    const data = keys.map(({ id, createdAt, lastUsedAt, revokedAt }) => ({
      id,
      createdAt: iso(createdAt),
      lastUsedAt: iso(lastUsedAt),
      revoked: revokedAt !== null,
    }))
    if (json) return print(JSON.stringify({ data, nextCursor: null }))
    const rows = keys.map(key => [
      key.id,
      showTime(key.createdAt),
      showTime(key.lastUsedAt),
      key.revokedAt === null ? 'no' : 'yes',
    ])
    print(showTable(['id', 'created (UTC)', 'last used (UTC)', 'revoked'], rows))
  })

export const revokeKey = (keyId: string, { json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const key = await store.revokeKey(keyId)
    if (!key) return refuse(`There is no key ${keyId}; "key list PARTNER_ID" shows them.`)
    print(json ? JSON.stringify({ id: key.id, revoked: true }) : `Revoked ${key.id}. It stops within two seconds.`)
  })
