/**
 * Rows as one flat array of their values. Of an object the other thread is sent the names too, each time, and puts it together
 * name by name, which costs several times as much.
 */
export type Cells = unknown[]

/** Gives one value after the other; what they are is said where they are put together, in the order they were sent in. */
export const readerOf = (cells: Cells) => {
  let at = 0
  return { hasMore: () => at < cells.length, next: () => cells[at++] as never }
}
