import type { Measured } from '../growth.ts'
import { medianOf, ratioOf, type Samples } from '../support/contest.ts'
import { type Finding, judgeAtMost, type PartResult } from '../support/part.ts'
import { p99Of, QUESTION_NAMES } from './service.ts'

const METHOD = `One SQLite file for each size, filled with SQL: half of its rows are verifications that are due, the other half messages that
are due (one in ten is delivered), each with a registration of its own, of eight partners with four hosts each; one partner has
half of everything.
**Queues**: a process of its own opens the store as the service does, on a thread, and claims 100 rows at a time,
while up to eight such batches are being settled; *longest call* includes that wait for the common commit. *Loop held* is
how long its own event loop stood still at most, less the time in which its thread was ready and had no core (in brackets:
with it). What it settles ("ING", or a 503) is due again, so the
queue stays as long. *In order*: rows are due in the order in which they lie in the file, and again after all others.
*At random*: due times are random within an hour, and again so. **Service**: \`npm start\`'s \`serve\` on the same file with
nothing due for a day; 20 s at rest; then up to 500 calls of each kind one after another, with the key of the partner that
has half of all (a kind that is slow ends after 10 s). Before the queues are measured each file is read once, so what is read is
in the system's page cache if there is memory for it (the largest has 9 GB); SQLite's own cache is as the service sets it.`

const COLUMNS = {
  'poll, µs a row': (s: Samples, name: string) => `${at(s, name, 'pollMicros')} (p99 ${at(s, name, 'pollP99Micros')})`,
  'send, µs a row': (s: Samples, name: string) => `${at(s, name, 'sendMicros')} (p99 ${at(s, name, 'sendP99Micros')})`,
  'CPU, µs a row': (s: Samples, name: string) => `${at(s, name, 'pollCpuMicros')}, ${at(s, name, 'sendCpuMicros')}`,
  'longest call, ms': (s: Samples, name: string) => at(s, name, 'longestMs', 1),
  'loop held, ms': (s: Samples, name: string) => `${at(s, name, 'heldMs', 1)} (${at(s, name, 'heldOrWaitingMs', 1)})`,
  'ready, ms': (s: Samples, name: string) => at(s, name, 'startMs'),
  'RSS, MB': (s: Samples, name: string) => at(s, name, 'rssMb'),
  'at rest, % of a core': (s: Samples, name: string) => at(s, name, 'idlePercent', 1),
  ...Object.fromEntries(
    QUESTION_NAMES.map(question => [
      `${question}, p99 ms`,
      (s: Samples, name: string) => at(s, name, p99Of(question), 1),
    ]),
  ),
}
const QUEUE_COLUMNS = Object.keys(COLUMNS).slice(0, 5)
const SERVICE_COLUMNS = Object.keys(COLUMNS).slice(5)

const figureOf = (samples: Samples, name: string, figure: string): number =>
  figure === 'longestMs'
    ? Math.max(medianOf(samples, name, 'pollLongestMs'), medianOf(samples, name, 'sendLongestMs'))
    : medianOf(samples, name, figure)
const at = (samples: Samples, name: string, figure: string, digits = 0): string =>
  figureOf(samples, name, figure).toFixed(digits)

const cellsOf = (samples: Samples, name: string, columns: readonly string[]) =>
  Object.fromEntries(
    columns.map(column => [column, COLUMNS[column as keyof typeof COLUMNS]?.(samples, name) ?? '–'] as const),
  )

const atMost = (
  what: string,
  value: number,
  { aim, unit, digits = 1 }: { aim: number; unit: string; digits?: number },
): Finding => ({
  what,
  value: `${value.toFixed(digits)} ${unit}`,
  aim: `≤ ${aim} ${unit}`,
  verdict: judgeAtMost(value, { aim }),
})

export const reportGrowth = ({ sizes, inOrder, atRandom, service }: Measured): PartResult => {
  const [small = ''] = sizes
  const large = sizes.at(-1) ?? ''
  const middle = sizes[1] ?? ''
  const grows = (samples: Samples, figure: string) => ratioOf(samples, [large, small], figure)
  return {
    part: 'growth',
    title: 'Grows flat',
    method: METHOD,
    columns: Object.keys(COLUMNS),
    rows: sizes.flatMap(name => [
      { name: `${name}, in order`, cells: cellsOf(inOrder, name, QUEUE_COLUMNS) },
      { name: `${name}, at random`, cells: cellsOf(atRandom, name, QUEUE_COLUMNS) },
      { name: `${name}, service`, cells: cellsOf(service, name, SERVICE_COLUMNS) },
    ]),
    findings: [
      ...(['poll', 'send'] as const).flatMap(queue => [
        atMost(`${queue}, a row: ${large} to ${small}, at random`, grows(atRandom, `${queue}Micros`), {
          aim: 2,
          unit: '×',
          digits: 2,
        }),
        atMost(`${queue}, a row: ${large} to ${small}, in order`, grows(inOrder, `${queue}Micros`), {
          aim: 1.3,
          unit: '×',
          digits: 2,
        }),
      ]),
      atMost(`event loop held by calls of the store, 100 rows, at ${large}`, medianOf(atRandom, large, 'heldMs'), {
        aim: 5,
        unit: 'ms',
      }),
      atMost(`memory of the service: ${large} to ${small}`, grows(service, 'rssMb'), {
        aim: 1.2,
        unit: '×',
        digits: 2,
      }),
      atMost(`memory of the service at ${large}`, medianOf(service, large, 'rssMb'), {
        aim: 220,
        unit: 'MB',
        digits: 0,
      }),
      atMost(`ready at ${large}`, medianOf(service, large, 'startMs'), { aim: 1000, unit: 'ms', digits: 0 }),
      atMost(`at rest with ${middle} rows not due`, medianOf(service, middle, 'idlePercent'), {
        aim: 1,
        unit: '% of a core',
      }),
      ...QUESTION_NAMES.map(question =>
        atMost(`${question}, p99 at ${large}`, medianOf(service, large, p99Of(question)), { aim: 10, unit: 'ms' }),
      ),
    ],
    notes: [
      'The indexes were made after the rows, so they are packed as after a VACUUM; those of a database that has grown for months are looser.',
      '`list` is a page of 50; `serial` searches by `idcardid`, `status`, `delivery` and `delivered` filter by `status=succeeded`, `delivery=pending` and `delivery=delivered`; `me` counts what quotas count, once a second.',
    ],
  }
}
