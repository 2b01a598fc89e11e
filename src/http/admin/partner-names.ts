import type { Store } from '../../store/store.ts'
import { TEXT_OR_NULL } from '../json/fields.ts'

export const PARTNER_NAME = TEXT_OR_NULL.describe('The name that operators use.')

/** Returns the items with the names of their partners, which take one read. */
export const withPartnerNames = async <Item extends { partnerId: string }>(
  store: Pick<Store, 'partnerNames'>,
  items: readonly Item[],
): Promise<(Item & { partnerName: string | null })[]> => {
  const names = await store.partnerNames([...new Set(items.map(({ partnerId }) => partnerId))])
  return items.map(item => ({ ...item, partnerName: names.get(item.partnerId) ?? null }))
}
