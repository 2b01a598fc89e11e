import {
  ALL_REGISTRATIONS,
  COUNTED_AMONG,
  type FoundRegistration,
  GROUPED,
  MOST_FOUND,
  type RegistrationFilter,
  SEARCHED_AT_ONCE,
  type SearchQuery,
} from './registration-search.ts'
import { groupsOf, isWanted } from './rules/registration-search.ts'
import type { SearchPlace } from './rules/registration-window.ts'
import type { Store } from './store.ts'
import { turn } from './turn.ts'

type Verbs = Pick<Store, 'searchRegistrations' | 'countRegistrations' | 'groupFailures'>
type Wanted = Pick<SearchQuery, 'filter' | 'act'>

/** So many registrations one statement looks at; others read in between. */
const WINDOW = 1_000
const FAILING: RegistrationFilter = { ...ALL_REGISTRATIONS, failing: true }

/**
 * What operators search, over all partners.
 *
 * @param window reads up to `limit` of those among which the meant ones are; fewer: there are no more
 */
export const createSearches = (window: (place: SearchPlace, limit: number) => Promise<FoundRegistration[]>): Verbs => {
  /** Looks at `among` of them at most, until `most` are found. `next`: where others may follow. */
  const look = async (
    { filter, act, before }: Wanted & { before: string | null },
    { among, most, first }: { among: number; most: number; first: number },
  ): Promise<{ found: FoundRegistration[]; next: string | null }> => {
    const found: FoundRegistration[] = []
    let end = before
    let left = among
    for (let size = Math.min(first, left); ; size = Math.min(WINDOW, left)) {
      const rows = await window({ filter, act, before: end }, size)
      found.push(...rows.filter(row => isWanted(row, filter, act)))
      left -= rows.length
      if (found.length > most) return { found: found.slice(0, most), next: found[most - 1]?.id ?? end }
      if (rows.length < size) return { found, next: null }
      end = rows.at(-1)?.id ?? end
      if (left === 0) return { found, next: end }
      await turn()
    }
  }

  return {
    searchRegistrations: query => look(query, { among: SEARCHED_AT_ONCE, most: query.limit, first: query.limit + 1 }),

    countRegistrations: async (wanted, isExact = false) => {
      const { found, next } = await look(
        { ...wanted, before: null },
        {
          among: isExact ? Number.POSITIVE_INFINITY : COUNTED_AMONG,
          most: isExact ? Number.POSITIVE_INFINITY : MOST_FOUND,
          first: WINDOW,
        },
      )
      return { count: found.length, isCapped: next !== null }
    },

    groupFailures: async () => {
      const { found, next } = await look(
        { filter: FAILING, act: null, before: null },
        { among: GROUPED, most: GROUPED, first: WINDOW },
      )
      return { groups: groupsOf(found), isCapped: next !== null }
    },
  }
}
