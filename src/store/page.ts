/** A page of a list, in its order. It may have fewer items than its limit, or none, and others may still follow. */
export interface Page<Item, Place = string> {
  found: Item[]
  /** Where the next page begins; null on the last page. */
  next: Place | null
}

/** @param rows one row more than `limit` if others follow */
export const pageOf = <Item, Place>(
  rows: readonly Item[],
  limit: number,
  placeOf: (last: Item) => Place,
): Page<Item, Place> => {
  const found = rows.slice(0, limit)
  const last = rows.length > limit ? found.at(-1) : undefined
  return { found, next: last === undefined ? null : placeOf(last) }
}

export const idOf = <Id>({ id }: { id: Id }): Id => id

const LISTED_AT_ONCE = 250

/** Returns all items that a verb of the store lists page by page, in its order. */
export const listAll = async <Item, Place>(
  list: (page: { limit: number; after: Place | null }) => Promise<Page<Item, Place>>,
): Promise<Item[]> => {
  const all: Item[] = []
  let after: Place | null = null
  do {
    const page: Page<Item, Place> = await list({ limit: LISTED_AT_ONCE, after })
    all.push(...page.found)
    after = page.next
  } while (after !== null)
  return all
}
