/**
 * Rows that belong to another lie together, in their order, and are found by its number without an index: the number of
 * such a row is the other's times this, and what it has of its own.
 */
export const NESTED = 1_000_000

/** SQL: the rows that belong to `owner`. Both are expressions; a parameter must be a named one, as it comes twice. */
export const belongs = (number: string, owner: string): string =>
  `${number} BETWEEN ${owner} * ${NESTED} AND ${owner} * ${NESTED} + ${NESTED - 1}`
