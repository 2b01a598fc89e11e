import { createIds, random } from '../app/clock-and-ids.ts'
import { newPartner } from '../core/new-partner.ts'
import type { Partner, Store } from '../store/store.ts'
import { print, refuse, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'
import { showTable, showTime } from './table.ts'

const PAGE = 250
const LONGEST_NAME = 200

export const createPartner = (name: string, { json }: JsonOption): Promise<void> => {
  if (name.trim() === '' || name.length > LONGEST_NAME) refuse(`NAME must have 1 to ${LONGEST_NAME} characters.`)
  return withStore(async store => {
    const { partner, apiKey, signingSecret } = newPartner(name.trim(), { newId: createIds(), random })
    const { id, name: stored } = await store.createPartner(partner)
    const created = { partnerId: id, name: stored, apiKey, signingSecret }
    if (json) return print(JSON.stringify(created))
    print(`Created ${stored}. The key and the secret are shown this once; keep them.\n`)
    for (const [label, value] of Object.entries(created)) print(`  ${label.padEnd(14)}${value}`)
  })
}

export const listPartners = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const data = (await allPartners(store)).map(({ id, name, disabled, createdAt }) => ({
      id,
      name,
      disabled,
      createdAt: new Date(createdAt).toISOString(),
    }))
    if (json) return print(JSON.stringify({ data, nextCursor: null }))
    const rows = data.map(one => [one.id, one.name, one.disabled ? 'yes' : 'no', showTime(Date.parse(one.createdAt))])
    print(showTable(['id', 'name', 'disabled', 'created (UTC)'], rows))
  })

export const setPartnerDisabled = (id: string, { json, disabled }: JsonOption & { disabled: boolean }): Promise<void> =>
  withStore(async store => {
    const partner = await store.changePartner(id, { disabled })
    if (!partner) return refuse(`There is no partner ${id}; "partner list" shows them.`)
    print(
      json
        ? JSON.stringify({ id, name: partner.name, disabled })
        : `${partner.name} is ${disabled ? 'disabled' : 'enabled'}.`,
    )
  })

const allPartners = async (store: Store): Promise<Partner[]> => {
  const partners: Partner[] = []
  for (;;) {
    const page = await store.listPartners({ limit: PAGE, after: partners.at(-1)?.id ?? null })
    partners.push(...page)
    if (page.length < PAGE) return partners
  }
}
