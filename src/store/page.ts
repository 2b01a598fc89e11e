/** Some of a list, in its order: it may hold fewer than its limit, or nothing, and others may follow. */
export interface Page<Item, Place = string> {
  found: Item[]
  /** From where on the next page is; null: there is none. */
  next: Place | null
}

/** @param rows one more than the page has, where there are more */
export const pageOf = <Item, Place>(
  rows: readonly Item[],
  limit: number,
  placeOf: (last: Item) => Place,
): Page<Item, Place> => {
  const found = rows.slice(0, limit)
  const last = rows.length > limit ? found.at(-1) : undefined
  return { found, next: last === undefined ? null : placeOf(last) }
}

const LISTED_AT_ONCE = 250

/** All that a verb of the store lists page by page, in its order. */
export const listAll = async <T extends { id: string }>(
  list: (page: { limit: number; after: string | null }) => Promise<T[]>,
): Promise<T[]> => {
  const all: T[] = []
  for (;;) {
    const page = await list({ limit: LISTED_AT_ONCE, after: all.at(-1)?.id ?? null })
    all.push(...page)
    if (page.length < LISTED_AT_ONCE) return all
  }
}
