import { runHistories } from './many.ts'
import { REACHED, REACHING_TIMES } from './reached.ts'

// Prints seeds for REACHING.
const SEEDS = 200
const counts = new Map<number, Readonly<Record<string, number>>>()
await runHistories({
  seedAt: n => n + 1,
  count: SEEDS,
  onHistory: history => void counts.set(history.seed, history.counts),
})
const chosen: number[] = []
const reaches = (seed: number, name: string): boolean => (counts.get(seed)?.[name] ?? 0) > 0
const missing = () => REACHED.filter(name => chosen.filter(seed => reaches(seed, name)).length < REACHING_TIMES)
for (let names = missing(); names.length > 0; names = missing()) {
  const gainOf = (seed: number) => names.filter(name => reaches(seed, name)).length
  const [best = 0] = [...counts.keys()].filter(seed => !chosen.includes(seed)).sort((a, b) => gainOf(b) - gainOf(a))
  if (gainOf(best) === 0) throw new Error(`Seeds 1 to ${SEEDS} do not reach these often enough: ${names.join(', ')}`)
  chosen.push(best)
}
process.stdout.write(`${chosen.sort((a, b) => a - b).join(', ')}\n`)
