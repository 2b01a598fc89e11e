import { openHanging } from './fairness/hanging.ts'
import { openQueue } from './fairness/queue.ts'
import { contest, median, medianOf, type Sample, type Samples } from './support/contest.ts'
import { judgeAtMost, type Part } from './support/part.ts'
import type { Scheme } from './support/tls.ts'

/** The aim of the second half: two turns of the rate limit, and the same again for the machine. */
const DELAY_AIM_MS = 20

type Scene = AsyncDisposable & { measure: () => Promise<Sample> }
const FIGURES = ['p50', 'p99', 'max'] as const

/** Runs both at the same time, so that whatever else this machine does slows both. The first one's figures are `alone …`. */
const together = async (openAlone: () => Promise<Scene>, openBeside: () => Promise<Scene>): Promise<Sample> => {
  await using alone = await openAlone()
  await using beside = await openBeside()
  const [without, others] = await Promise.all([alone.measure(), beside.measure()])
  const named = (name: string, sample: Sample) => FIGURES.map(figure => [`${name} ${figure}`, sample[figure]] as const)
  return Object.fromEntries([...named('alone', without), ...named('beside', others)]) as Sample
}

export const fairness: Part = async ({ rounds, scale, say }) => {
  const hanging =
    (whose: 'nobody' | 'another' | 'the same', scheme: Scheme = 'https') =>
    () =>
      openHanging(whose, { scheme, scale })
  const queue = (rows: number) => () => openQueue(rows * scale, scale)
  const samples = await contest(
    [
      { name: 'hosts of another partner hang', run: () => together(hanging('nobody'), hanging('another')) },
      { name: 'hosts of the same partner hang', run: () => together(hanging('nobody'), hanging('the same')) },
      { name: 'another partner has 100,000 due', run: () => together(queue(0), queue(100_000)) },
      {
        name: 'plain http: hosts of another partner hang',
        run: () => together(hanging('nobody', 'http'), hanging('another', 'http')),
      },
    ],
    { rounds, say },
  )
  const p99Ratio = (name: string) =>
    median(figuresOf(samples, name, sample => ratio(sample['beside p99'], sample['alone p99'])))
  const delay = median(
    figuresOf(samples, 'another partner has 100,000 due', s => (s['beside p99'] ?? 0) - (s['alone p99'] ?? 0)),
  )
  return {
    part: 'fairness',
    title: 'Nobody slows the others down',
    method: `**Hanging hosts**: 10,000 messages are due for 20 hosts that finish the TLS handshake and never answer (\`CALLBACK_TIMEOUT\` is
15 s, all else is the default), and a healthy partner registers 200 serials a second for 40 s, each answered SUCCESS at the first
poll: from the registration to its webhook. Measured from the moment at which the 10,000 are due, when they hold all the slots
that they may have. **A long queue**: one partner has 100,000 registrations due under \`UPSTREAM_RATE=200\`, none of which ends;
another registers one serial every 100 ms: from the registration to its first poll. A second service, without
them ("alone"), has the same traffic at the same time.`,
    columns: ['p50, ms', 'p99, ms', 'longest, ms'],
    rows: [...samples.keys()].flatMap(name =>
      (['alone', 'beside'] as const).map(which => ({
        name: `${name}: ${which}`,
        cells: {
          'p50, ms': medianOf(samples, name, `${which} p50`).toFixed(1),
          'p99, ms': medianOf(samples, name, `${which} p99`).toFixed(1),
          'longest, ms': medianOf(samples, name, `${which} max`).toFixed(0),
        },
      })),
    ),
    findings: [
      ...['another', 'the same'].map(whose => {
        const value = p99Ratio(`hosts of ${whose} partner hang`)
        return {
          what: `healthy p99 beside hanging hosts of ${whose} partner, to alone`,
          value: `${value.toFixed(2)} ×`,
          aim: '≤ 1.5 ×',
          verdict: judgeAtMost(value, { aim: 1.5 }),
        }
      }),
      {
        what: 'first poll beside 100,000 due rows of another partner, p99: later than alone',
        value: `${delay.toFixed(1)} ms`,
        aim: `≤ ${DELAY_AIM_MS} ms`,
        verdict: judgeAtMost(delay, { aim: DELAY_AIM_MS }),
      },
    ],
    notes: [
      'Hosts that were quick before and then hang all at once hold their whole share of the slots (16 each) for one `CALLBACK_TIMEOUT`.',
      'Under 200 calls a second a call may go every 5 ms, and two partners take turns: the other one may have to wait for two of them.',
    ],
  }
}

const ratio = (value = Number.NaN, base = Number.NaN): number => value / base
const figuresOf = (samples: Samples, name: string, figure: (sample: Sample) => number): number[] =>
  (samples.get(name) ?? []).map(figure)
