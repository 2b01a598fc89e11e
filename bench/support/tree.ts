import { join, resolve } from 'node:path'

/** A checkout whose service takes part. */
export interface Tree {
  folder: string
  /** Of a contestant that runs its source. */
  nameOf: (name: string) => string
}

const BESIDE = ', of the other checkout'
export const HERE: Tree = { folder: join(import.meta.dirname, '../..'), nameOf: name => name }

/** This one, and another one beside it. */
export const treesOf = (beside: string | undefined): readonly Tree[] =>
  beside === undefined ? [HERE] : [HERE, { folder: resolve(beside), nameOf: name => name + BESIDE }]

/** The pairs of contestants that differ in nothing but their checkout. */
export const pairsOf = (names: Iterable<string>): [here: string, there: string][] =>
  [...names].filter(name => name.endsWith(BESIDE)).map(name => [name.slice(0, -BESIDE.length), name])
