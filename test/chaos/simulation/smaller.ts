import type { Totals } from './many.ts'

type Red = Totals['red'][number]
const wordsOf = ({ findings, inconsistencies, errors }: Red): string[] => [
  ...findings.map(({ broken }) => broken),
  ...(inconsistencies.length > 0 ? ['rows'] : []),
  ...(errors.length > 0 ? ['error'] : []),
]
/** More are not tried for one history. */
const MOST_TRIES = 100

/**
 * The same history with parts of it left out, chunk by chunk, each time that it stays red with a word that it was red with before.
 *
 * @param run brings it with these parts alone; null: it was not red
 */
export const makeSmaller = async (
  red: Red,
  { parts, endsAt, run }: { parts: number; endsAt: number; run: (only: number[]) => Promise<Red | null> },
): Promise<Red> => {
  const words = new Set(wordsOf(red))
  let smallest = red
  let left = [...Array(parts).keys()]
  let tries = 0
  for (let size = parts; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < left.length && tries < MOST_TRIES && Date.now() < endsAt; tries++) {
      const fewer = left.toSpliced(from, size)
      const found = await run(fewer)
      if (found && wordsOf(found).some(word => words.has(word))) {
        left = fewer
        smallest = found
      } else from += size
    }
  return smallest
}
