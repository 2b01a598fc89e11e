import { SECOND } from '../src/core/duration.ts'
import { bestDay, type Day, RATE, runDay } from './polling/day.ts'
import { DAYS } from './polling/days.ts'
import { judgeAtMost, type Part, type Row } from './support/part.ts'

interface Delays {
  p50: number
  p99: number
  mean: number
  longest: number
}

const delaysOf = (values: readonly number[]): Delays => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  const mean = sorted.reduce((sum, one) => sum + one, 0) / sorted.length
  return { p50: at(0.5), p99: at(0.99), mean, longest: at(1) }
}

const byKind = ({ checks }: Day, delays: readonly number[]): Map<string, Delays> => {
  const grouped = Map.groupBy(delays.keys(), index => checks[index]?.kind ?? '')
  return new Map([...grouped].map(([kind, indices]) => [kind, delaysOf(indices.map(index => delays[index] as number))]))
}

const seconds = (ms: number) => (ms / SECOND).toFixed(1)
const shown = ({ p50, p99, mean }: Delays) => `${seconds(p50)} / ${seconds(p99)} / ${seconds(mean)}`

/** No time passes: the service's own store, poller and plan run through some bad days on a clock that is set. */
export const day: Part = async ({ say }) => {
  const rows: Row[] = []
  const ruled = new Map<string, Map<string, Delays>>()
  const best = new Map<string, Map<string, Delays>>()
  for (const one of DAYS) {
    const rule = byKind(one, await runDay(one, 'rule'))
    const learned = byKind(one, await runDay(one, 'learned'))
    const optimum = byKind(one, bestDay(one))
    ruled.set(one.name, rule)
    best.set(one.name, optimum)
    for (const [kind, delays] of rule) {
      const cells = { rule: delays, learned: learned.get(kind), best: optimum.get(kind) }
      const row = {
        name: `${one.name}: ${kind}`,
        cells: Object.fromEntries(Object.entries(cells).map(([name, of]) => [name, of ? shown(of) : ''])),
      }
      rows.push(row)
      say(`${row.name}: ${Object.values(row.cells).join(', ')}`)
    }
  }
  const of = (from: typeof ruled, name: string, kind: string) => from.get(name)?.get(kind) as Delays
  const beside = of(ruled, 'a batch beside singles', 'beside').longest
  const other = of(ruled, 'a batch of another partner', 'beside').longest
  const after = of(ruled, 'a batch beside singles', 'after').longest
  const outage = of(ruled, 'an outage and its backlog', 'after').longest
  const batch =
    of(ruled, 'a batch beside singles', 'batch').longest / of(best, 'a batch beside singles', 'batch').longest
  const finding = (what: string, value: number, { aim, unit }: { aim: number; unit: 's' | '×' }) => ({
    what,
    value: `${value.toFixed(unit === 's' ? 1 : 2)} ${unit}`,
    aim: `≤ ${aim} ${unit}`,
    verdict: judgeAtMost(value, { aim }),
  })
  return {
    part: 'day',
    title: 'A bad day',
    method: `The service's own store, poller and learned plan, at ${RATE} calls a second and the default intervals, on a clock that is set: a
call takes no time. Every check is completed 8 s after its registration. Shown is how long after its completion it was found, in seconds: median / p99 /
mean. Best: somebody who knows when each is completed and asks once, at the same rate, those that came by themselves before a batch and otherwise the
first completed first. ${DAYS.map(({ name, description }) => `*${name}*: ${description}`).join('; ')}.`,
    columns: ['rule', 'learned', 'best'],
    rows,
    findings: [
      finding('the slowest registration beside a batch of 1,000 of its partner', beside / SECOND, {
        aim: 22,
        unit: 's',
      }),
      finding('the slowest beside a batch of another partner', other / SECOND, { aim: 22, unit: 's' }),
      finding('the slowest from 30 s after the batch on', after / SECOND, { aim: 5, unit: 's' }),
      finding('the slowest new one beside the backlog of an outage', outage / SECOND, { aim: 60, unit: 's' }),
      finding('the batch as a whole, against the best', batch, { aim: 1.1, unit: '×' }),
    ],
    notes: [],
  }
}
