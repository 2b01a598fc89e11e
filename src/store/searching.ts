import { yieldToLoop } from '../core/clock.ts'
import type { RegistrationQuery } from './registration.ts'
import {
  ALL_REGISTRATIONS,
  COUNTED_AMONG,
  type FoundRegistration,
  GROUPED,
  MOST_MATCHES,
  SEARCHED_AT_ONCE,
  type SearchPage,
} from './registration-search.ts'
import type { SearchPlace } from './registration-source.ts'
import { groupsOf, isWanted } from './rules/registration-search.ts'
import type { Store } from './store.ts'

type Verb = 'searchRegistrations' | 'countRegistrations' | 'countExhausted' | 'groupFailures' | 'partnerOf'
export type Searches = Pick<Store, Verb>
type ReadWindow = (place: SearchPlace, limit: number) => Promise<FoundRegistration[]>

/** So many registrations one statement reads; others read in between. */
const WINDOW = 1_000

/** Reads `among` registrations at most, until `most` are found. `next`: where others may follow. */
const search = async (
  window: ReadWindow,
  { filter, act, before }: SearchPlace,
  { among, most }: { among: number; most: number },
): Promise<SearchPage> => {
  const found: FoundRegistration[] = []
  let end = before
  let left = among
  for (let size = Math.min(most + 1, WINDOW, left); ; size = Math.min(WINDOW, left)) {
    const rows = await window({ filter, act, before: end }, size)
    found.push(...rows.filter(row => isWanted(row, filter, act)))
    left -= rows.length
    if (found.length > most) return { found: found.slice(0, most), next: found[most - 1]?.id ?? end }
    if (rows.length < size) return { found, next: null }
    end = rows.at(-1)?.id ?? end
    if (left === 0) return { found, next: end }
    await yieldToLoop()
  }
}

/** @param window reads up to `limit` of those among which the meant ones are; fewer: there are no more */
export const createSearches = (window: ReadWindow): Omit<Searches, 'countExhausted' | 'partnerOf'> => ({
  searchRegistrations: query => search(window, query, { among: SEARCHED_AT_ONCE, most: query.limit }),

  countRegistrations: async wanted => {
    const bounds = { among: COUNTED_AMONG, most: MOST_MATCHES }
    const { found, next } = await search(window, { ...wanted, before: null }, bounds)
    return { count: found.length, isCapped: next !== null }
  },

  groupFailures: async () => {
    const filter = { ...ALL_REGISTRATIONS, failing: true }
    const { found, next } = await search(window, { filter, act: null, before: null }, { among: GROUPED, most: GROUPED })
    return { groups: groupsOf(found), isCapped: next !== null }
  },
})

/** A page of a partner's registrations, the newest first. */
export const pageOfPartner = (
  window: ReadWindow,
  partnerId: string,
  { limit, before, ...named }: RegistrationQuery,
): Promise<SearchPage> => {
  const place = { filter: { ...ALL_REGISTRATIONS, partnerId, ...named }, act: null, before }
  return search(window, place, { among: SEARCHED_AT_ONCE, most: limit })
}
