import { pairsOf } from './tree.ts'

/** The figures of one run, by name; units are in the names: `jobsPerSecond`, `cpuMicros`. */
export type Sample = Readonly<Record<string, number>>

export interface Contestant {
  name: string
  /** One whole run, from an empty state to a cleaned-up one. */
  run: () => Promise<Sample>
}

export type Samples = ReadonlyMap<string, readonly Sample[]>

/**
 * Runs the contestants in turn, several times, beginning with another one each time, so that a machine that becomes slower or
 * faster does so for all of them. No round is a warm-up: the median of
 * three passes over a first one that reads files from the disk.
 */
export const contest = async (
  contestants: readonly Contestant[],
  { rounds, say }: { rounds: number; say: (line: string) => void },
): Promise<Samples> => {
  const samples = new Map(contestants.map(({ name }) => [name, [] as Sample[]]))
  for (let round = 1; round <= rounds; round++)
    for (const index of contestants.keys()) {
      const contestant = contestants[(index + round) % contestants.length]
      if (!contestant) continue
      const sample = await contestant.run()
      say(`round ${round} ${contestant.name}: ${describe(sample)}`)
      samples.get(contestant.name)?.push(sample)
    }
  for (const pair of pairsOf(samples.keys())) {
    const figures = Object.keys(samples.get(pair[0])?.[0] ?? {})
    const ratios = figures.map(figure => [figure, ratioOf(samples, pair, figure)] as const)
    say(`${pair[0]}, against the other checkout: ${describe(Object.fromEntries(ratios))}`)
  }
  return samples
}

const describe = (sample: Sample): string =>
  Object.entries(sample)
    .map(([name, value]) => `${name} ${value >= 100 ? value.toFixed(0) : value.toFixed(2)}`)
    .join(', ')

export const median = (values: readonly number[]): number => percentile(values, 0.5)

/** The nearest rank. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN

/** The median of a figure over the rounds. */
export const medianOf = (samples: Samples, name: string, figure: string): number =>
  median((samples.get(name) ?? []).map(sample => sample[figure] ?? Number.NaN))

/** The median of the ratios, round by round, so that runs of the same minute are compared. */
export const ratioOf = (samples: Samples, [name, base]: readonly [string, string], figure: string): number =>
  median(
    (samples.get(name) ?? []).map(
      (sample, round) => (sample[figure] ?? Number.NaN) / (samples.get(base)?.[round]?.[figure] ?? Number.NaN),
    ),
  )
