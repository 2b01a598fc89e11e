const PAGE = 250

/** All that a verb of the store lists page by page, in its order. */
export const listAll = async <T extends { id: string }>(
  list: (page: { limit: number; after: string | null }) => Promise<T[]>,
): Promise<T[]> => {
  const all: T[] = []
  for (;;) {
    const page = await list({ limit: PAGE, after: all.at(-1)?.id ?? null })
    all.push(...page)
    if (page.length < PAGE) return all
  }
}
