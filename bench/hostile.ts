import { HEALTHY_RATE, openMeasured } from './hostile/scene.ts'
import { openHostile } from './hostile/tempers.ts'
import { contest, medianOf, type Sample } from './support/contest.ts'
import { atRate } from './support/pace.ts'
import { judgeAtMost, type Part } from './support/part.ts'
import { openNames, type Scheme } from './support/tls.ts'

const AIMS = { growthMb: 50, p99Ratio: 2 }
const SCHEMES = ['https', 'http'] as const
const HOSTILE = 50
const HOSTILE_RATE = 20
const SECONDS = 60
/** A round is long, and compares two services that run at the same time. */
const MOST_ROUNDS = 2

/** Two services at the same time, one with hostile receivers, so that whatever else this machine does slows both. */
const runPair = async (scheme: Scheme, scale: number): Promise<Sample> => {
  const seconds = Math.max(10, SECONDS * scale)
  await using names = await openNames(HOSTILE + 1)
  await using attacked = await openMeasured(scheme, names)
  await using calm = await openMeasured(scheme, names)
  await using hostile = await openHostile(HOSTILE, { scheme, names })
  await Promise.all([attacked.warmUp(scale), calm.warmUp(scale)])
  const [beside, without] = await Promise.all([
    attacked.measure(seconds),
    calm.measure(seconds),
    atRate({ rate: HOSTILE_RATE, seconds }, index =>
      attacked.hostile.register({ idcardid: `hostile-${index}`, callbackUrl: hostile.urls[index % HOSTILE] ?? '' }),
    ),
  ])
  const seen = Object.values(await hostile.count()).reduce((sum, count) => sum + count, 0)
  return {
    ratio: beside.p99 / without.p99,
    growthMb: beside.peakMb - beside.beforeMb,
    hostileRequests: seen,
    ...named('without', without),
    ...named('beside', beside),
  }
}

const named = (name: string, sample: Sample): Sample =>
  Object.fromEntries(Object.entries(sample).map(([figure, value]) => [`${name} ${figure}`, value]))

/** What fifty hostile receivers cost the service and its healthy receivers: memory, and the time from registration to webhook. */
export const hostile: Part = async ({ rounds, scale, say }) => {
  const pairs = SCHEMES.map(scheme => ({ name: scheme, run: () => runPair(scheme, scale) }))
  const samples = await contest(pairs, { rounds: Math.min(rounds, MOST_ROUNDS), say })
  const of = (figure: string, scheme: Scheme = 'https') => medianOf(samples, scheme, figure)
  const ratio = of('ratio')
  const growth = of('growthMb')
  return {
    part: 'hostile',
    title: 'Hostile receivers',
    method: `${HOSTILE} receivers of ten hostile kinds (endless body, chunk extensions, trailers, headers, reason phrase and 103; dripping
headers and body; hanging; resetting), over TLS 1.3 like the healthy ones, for ${SECONDS} s, ${HOSTILE_RATE} new webhooks a second for them and a retry every 10 s, beside healthy
webhooks at ${HEALTHY_RATE}/s. A second service without hostile receivers runs at the same time. Before that both have ${HEALTHY_RATE * 3} honest
webhooks a second for 20 s, so that they have the memory that the traffic takes. *Plain http* is the same without TLS.`,
    columns: ['p50, ms', 'p99, ms', 'RSS before, MB', 'RSS at most, MB', 'processor, s/s'],
    rows: SCHEMES.flatMap(scheme =>
      ['without', 'beside'].map(name => ({
        name: scheme === 'https' ? name : `plain http: ${name}`,
        cells: {
          'p50, ms': of(`${name} p50`, scheme).toFixed(1),
          'p99, ms': of(`${name} p99`, scheme).toFixed(1),
          'RSS before, MB': of(`${name} beforeMb`, scheme).toFixed(0),
          'RSS at most, MB': of(`${name} peakMb`, scheme).toFixed(0),
          'processor, s/s': of(`${name} cpu`, scheme).toFixed(2),
        },
      })),
    ),
    findings: [
      {
        what: 'healthy p99 beside hostile receivers, to without',
        value: `${ratio.toFixed(2)} ×`,
        aim: `≤ ${AIMS.p99Ratio} ×`,
        verdict: judgeAtMost(ratio, { aim: AIMS.p99Ratio }),
      },
      {
        what: 'memory that the hostile ones cost',
        value: `${growth.toFixed(0)} MB`,
        aim: `≤ ${AIMS.growthMb} MB`,
        verdict: judgeAtMost(growth, { aim: AIMS.growthMb }),
      },
    ],
    notes: [
      `The hostile ones got ${of('hostileRequests').toFixed(0)} requests.`,
      'The ratio scatters on a machine that is busy with other things.',
    ],
  }
}
