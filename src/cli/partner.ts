import Table from 'cli-table3'
import { createIds, random } from '../app/clock-and-ids.ts'
import { createApiKey } from '../core/api-key.ts'
import { newPartner } from '../core/new-partner.ts'
import type { Partner, Store } from '../store/store.ts'
import { type ReasonOption, recordCommand } from './audit.ts'
import { type JsonOption, print, refuse, withStore } from './environment.ts'

const PAGE = 250
const LONGEST_NAME = 200

export const createPartner = (name: string, { json, ...why }: JsonOption & ReasonOption): Promise<void> => {
  if (name.trim() === '' || name.length > LONGEST_NAME) refuse(`NAME must have 1 to ${LONGEST_NAME} characters.`)
  return withStore(async store => {
    const { partner, apiKey, signingSecret } = newPartner(name.trim(), { newId: createIds(), random })
    const { id, name: stored } = await store.createPartner(partner)
    await recordCommand(store, { act: 'partner.create', object: id, ...why })
    const created = { partnerId: id, name: stored, apiKey, signingSecret }
    if (json) return print(JSON.stringify(created))
    print(`Created ${stored}. The key and the secret are shown this once; keep them.\n`)
    for (const [label, value] of Object.entries(created)) print(`  ${label.padEnd(14)}${value}`)
  })
}

export const listPartners = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const partners = await allPartners(store)
    const data = partners.map(({ id, name, disabled, createdAt }) => ({
      id,
      name,
      disabled,
      createdAt: iso(createdAt),
    }))
    if (json) return print(JSON.stringify({ data, nextCursor: null }))
    const rows = partners.map(one => [one.id, one.name, one.disabled ? 'yes' : 'no', showTime(one.createdAt)])
    print(showTable(['id', 'name', 'disabled', 'created (UTC)'], rows))
  })

export const setPartnerDisabled = (
  id: string,
  { json, disabled, ...why }: JsonOption & ReasonOption & { disabled: boolean },
): Promise<void> =>
  withStore(async store => {
    const { name } = (await store.changePartner(id, { disabled })) ?? noPartner(id)
    await recordCommand(store, { act: disabled ? 'partner.disable' : 'partner.enable', object: id, ...why })
    print(json ? JSON.stringify({ id, name, disabled }) : `${name} is ${disabled ? 'disabled' : 'enabled'}.`)
  })

export const createKey = (partnerId: string, { json, ...why }: JsonOption & ReasonOption): Promise<void> =>
  withStore(async store => {
    const { id, text, hash } = createApiKey(createIds()('key'), random)
    const key = (await store.createKey(partnerId, { id, hash })) ?? noPartner(partnerId)
    await recordCommand(store, { act: 'key.create', object: key.id, ...why })
    if (json) return print(JSON.stringify({ id: key.id, partnerId, apiKey: text }))
    print(`Created ${key.id}. It is shown this once; keep it.\n\n  apiKey  ${text}`)
  })

export const listKeys = (partnerId: string, { json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const keys = (await store.listKeys(partnerId)) ?? noPartner(partnerId)
    const data = keys.map(({ id, createdAt, lastUsedAt, revokedAt }) => ({
      id,
      createdAt: iso(createdAt),
      lastUsedAt: iso(lastUsedAt),
      revoked: revokedAt !== null,
    }))
    if (json) return print(JSON.stringify({ data, nextCursor: null }))
    const rows = keys.map(({ id, createdAt, lastUsedAt, revokedAt }) => [
      id,
      showTime(createdAt),
      showTime(lastUsedAt),
      revokedAt === null ? 'no' : 'yes',
    ])
    print(showTable(['id', 'created (UTC)', 'last used (UTC)', 'revoked'], rows))
  })

export const revokeKey = (keyId: string, { json, ...why }: JsonOption & ReasonOption): Promise<void> =>
  withStore(async store => {
    const key = await store.revokeKey(keyId)
    if (!key) return refuse(`There is no key ${keyId}; "key list PARTNER_ID" shows them.`)
    await recordCommand(store, { act: 'key.revoke', object: key.id, ...why })
    print(json ? JSON.stringify({ id: key.id, revoked: true }) : `Revoked ${key.id}. It stops within two seconds.`)
  })

const allPartners = async (store: Store): Promise<Partner[]> => {
  const partners: Partner[] = []
  for (;;) {
    const page = await store.listPartners({ limit: PAGE, after: partners.at(-1)?.id ?? null })
    partners.push(...page)
    if (page.length < PAGE) return partners
  }
}

const noPartner = (id: string) => refuse(`There is no partner ${id}; "partner list" shows them.`)

const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())

/** `2026-11-24 16:20:05` in UTC, or a dash. */
const showTime = (time: number | null): string => iso(time)?.slice(0, 19).replace('T', ' ') ?? '-'

const showTable = (head: string[], rows: string[][]): string => {
  if (rows.length === 0) return '(none)'
  const table = new Table({ head, style: { head: [], border: [] } })
  table.push(...rows)
  return table.toString()
}
