import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './support/machine.ts'
import type { Part, PartResult } from './support/part.ts'
import { PERFORMANCE_PATH, renderText, withSection } from './support/report.ts'
import { treesOf } from './support/tree.ts'

/** A part is loaded when it runs, because it loads its contestants' libraries. */
const PARTS: Record<string, () => Promise<Part>> = {
  deliver: async () => (await import('./deliver.ts')).deliver,
  register: async () => (await import('./register.ts')).register,
  poll: async () => (await import('./poll.ts')).poll,
  trickle: async () => (await import('./trickle.ts')).trickle,
  flow: async () => (await import('./flow.ts')).flow,
  growth: async () => (await import('./growth.ts')).growth,
  start: async () => (await import('./start.ts')).start,
  rest: async () => (await import('./rest.ts')).rest,
  pinned: async () => (await import('./pinned.ts')).pinned,
  stats: async () => (await import('./stats.ts')).stats,
  console: async () => (await import('./console.ts')).consolePart,
  nodes: async () => (await import('./nodes.ts')).nodesPart,
}

const USAGE = `npm run bench -- [part …] [--rounds 3] [--scale 1] [--quick] [--write] [--beside path]
  parts: ${Object.keys(PARTS).join(', ')}; all of them if none is named
  --scale  the size of each run, up to 1
  --quick  a tenth of the size, one round: a look, not a figure
  --write  put the results into bench/README.md
  --beside another checkout: its source takes part wherever ours does, and how we compare is told`

const refuse = (): never => {
  process.stderr.write(`${USAGE}\n`)
  process.exit(2)
}

const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      quick: { type: 'boolean' },
      write: { type: 'boolean' },
      beside: { type: 'string' },
    },
  })
const parseOrRefuse = (): ReturnType<typeof parse> => {
  try {
    return parse()
  } catch {
    return refuse()
  }
}

const readArguments = () => {
  const { values, positionals } = parseOrRefuse()
  const names = positionals.length > 0 ? positionals : Object.keys(PARTS)
  const [rounds, scale] = [Number(values.rounds), Number(values.scale)]
  const isInRange = rounds >= 1 && rounds <= 50 && scale > 0 && scale <= 1
  const { beside, write = false } = values
  const isThere = beside === undefined || existsSync(join(beside, 'src/bin.js'))
  if (names.some(name => !PARTS[name]) || !isInRange || !isThere || (write && beside !== undefined)) refuse()
  const size = values.quick ? { rounds: 1, scale: 0.1 } : { rounds, scale }
  return { names, ...size, write, trees: treesOf(beside) }
}

/** How it was run, where that is not the usual way. */
const conditionsOf = (load: number): string =>
  [
    ...(rounds === 3 ? [] : [`--rounds ${rounds}`]),
    ...(scale === 1 ? [] : [`--scale ${scale}`]),
    `a load of ${load.toFixed(1)} before it`,
  ].join(', ')

const keep = (result: PartResult, conditions: string) => {
  const when = `${new Date().toISOString().slice(0, 10)} (${conditions})`
  const page = readFileSync(PERFORMANCE_PATH, 'utf8')
  writeFileSync(PERFORMANCE_PATH, withSection(page, result, { on: describeMachine(), when }))
}

const { names, rounds, scale, write, trees } = readArguments()
process.stdout.write(`${describeMachine()}\n`)
let missed = 0
for (const name of names) {
  const part = await PARTS[name]?.()
  if (!part) continue
  const [load = 0] = loadavg()
  const result = await part({ rounds, scale, trees, say: line => void process.stderr.write(`${name}: ${line}\n`) })
  process.stdout.write(renderText(result))
  missed += result.findings.filter(({ verdict }) => verdict === 'missed').length
  if (write) keep(result, conditionsOf(load))
}
process.exit(missed === 0 ? 0 : 1)
