import { createRandom } from '../e2e/seeded-random.ts'

/** Chances of one seed. */
export const createDraw = (seed: number) => {
  const random = createRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  return {
    random,
    /** A whole number in [0, n). */
    below,
    chance: (p: number): boolean => random() < p,
    oneOf: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    times: <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i)),
  }
}
export type Draw = ReturnType<typeof createDraw>
