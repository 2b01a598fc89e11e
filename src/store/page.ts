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

export const idOf = <Id>({ id }: { id: Id }): Id => id

const LISTED_AT_ONCE = 250

/** All that a verb of the store lists page by page, in its order. */
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
