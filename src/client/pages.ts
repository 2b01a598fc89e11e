import type { Page } from './shapes.ts'

/** `for await` gives the items one by one; `pages()` gives whole pages, each with the cursor to go on from. */
export interface Pages<T, Cursor = string | null> extends AsyncIterable<T> {
  pages(): AsyncIterableIterator<Page<T, Cursor>>
}

/**
 * `load` gets the cursor of the previous page. A null cursor, or an empty page whose cursor has not moved, ends the
 * iteration.
 */
export const createPages = <T, Cursor extends string | null>(
  load: (cursor: string | undefined) => Promise<Page<T, Cursor>>,
  start: string | undefined,
): Pages<T, Cursor> => {
  const pages = async function* (): AsyncGenerator<Page<T, Cursor>> {
    let cursor: string | null | undefined = start
    while (cursor !== null) {
      const page: Page<T, Cursor> = await load(cursor)
      if (page.data.length > 0 || page.lookedBackTo !== undefined) yield page
      else if (page.nextCursor === cursor) return
      cursor = page.nextCursor
    }
  }
  return {
    pages,
    [Symbol.asyncIterator]: async function* () {
      for await (const page of pages()) yield* page.data
    },
  }
}
