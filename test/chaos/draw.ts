import { createHash } from 'node:crypto'
import { createRandom } from '../e2e/seeded-random.ts'

const hash = (text: string): number => createHash('sha256').update(text).digest().readInt32LE()

/** Chances of one seed. */
export const createDraw = (seed: number): Draw => {
  const random = createRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  return {
    random,
    below,
    chance: (p: number): boolean => random() < p,
    oneOf: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    fork: name => createDraw(hash(`${seed} ${name}`)),
    times: <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i)),
  }
}
export interface Draw {
  random: () => number
  /** A whole number in [0, n). */
  below: (n: number) => number
  chance: (p: number) => boolean
  oneOf: <T>(list: readonly T[]) => T
  times: <T>(n: number, make: (i: number) => T) => T[]
  /** Independent chances: they are the same whatever else is drawn. */
  fork: (name: string) => Draw
}
