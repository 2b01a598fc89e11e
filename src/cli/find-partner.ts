import { showPartner } from '../core/operator-texts/catalogue.ts'
import { listAll } from '../store/page.ts'
import type { Partner } from '../store/partners/partners.ts'
import type { Store } from '../store/store.ts'
import { refuse } from './ending.ts'

const MAX_NAMED = 10

const nameOfPartner = ({ id, name }: Partner): string => showPartner({ partnerId: id, partnerName: name })

/** Returns the partner with this id or name. If none or several match, ends the command and lists similar partners. */
export const findPartner = async (
  store: Pick<Store, 'findPartner' | 'listPartners'>,
  typed: string,
): Promise<Partner> => {
  const found = await store.findPartner(typed)
  if (found) return found
  const partners = await listAll(store.listPartners)
  const named = partners.filter(({ name }) => name === typed)
  if (named.length === 1 && named[0]) return named[0]
  const part = typed.toLowerCase()
  const like = named.length > 0 ? named : partners.filter(({ name }) => name.toLowerCase().includes(part))
  const meant = like.slice(0, MAX_NAMED).map(one => `\n  ${nameOfPartner(one)}`)
  return named.length > 0
    ? refuse({
        en: `Several partners are called ${typed}: give the id of one.${meant.join('')}`,
        zh: `有多个合作方名为 ${typed}：请改用 id 指定。${meant.join('')}`,
      })
    : refuse({
        en: `There is no partner ${typed}; "partner list" shows all.${meant.join('')}`,
        zh: `没有合作方 ${typed}；可用 "partner list" 查看。${meant.join('')}`,
      })
}

/** Returns a function that names the partners of a table's rows. */
export const partnerNames = async (
  store: Pick<Store, 'partnerNames'>,
  shown: readonly { partnerId: string | null }[],
): Promise<(id: string) => string> => {
  const names = await store.partnerNames([...new Set(shown.flatMap(({ partnerId }) => partnerId ?? []))])
  return partnerId => showPartner({ partnerId, partnerName: names.get(partnerId) })
}
