import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './support/machine.ts'
import type { Part } from './support/part.ts'
import { renderText } from './support/report.ts'
import { treesOf } from './support/tree.ts'

/** A part is loaded when it runs, because it loads its contestants' libraries. */
const PARTS: Record<string, () => Promise<Part>> = {
  deliver: async () => (await import('./deliver.ts')).deliver,
  register: async () => (await import('./register.ts')).register,
  poll: async () => (await import('./poll.ts')).poll,
  polling: async () => (await import('./polling.ts')).polling,
  trickle: async () => (await import('./trickle.ts')).trickle,
  flow: async () => (await import('./flow.ts')).flow,
  growth: async () => (await import('./growth.ts')).growth,
  start: async () => (await import('./start.ts')).start,
  console: async () => (await import('./console.ts')).consolePart,
}

const USAGE = `npm run bench -- [part …] [--rounds 3] [--scale 1] [--quick] [--beside path]
  parts: ${Object.keys(PARTS).join(', ')}; all of them if none is named
  --scale  the size of each run, up to 1
  --quick  a tenth of the size, one round: a look, not a figure
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
  const { beside } = values
  const isThere = beside === undefined || existsSync(join(beside, 'src/bin.js'))
  if (names.some(name => !PARTS[name]) || !isInRange || !isThere) refuse()
  const size = values.quick ? { rounds: 1, scale: 0.1 } : { rounds, scale }
  return { names, ...size, trees: treesOf(beside) }
}

const { names, rounds, scale, trees } = readArguments()
process.stdout.write(`${describeMachine()}\n`)
let missed = 0
for (const name of names) {
  const part = await PARTS[name]?.()
  if (!part) continue
  const [load = 0] = loadavg()
  process.stderr.write(`${name}: a load of ${load.toFixed(1)} before it\n`)
  const result = await part({ rounds, scale, trees, say: line => void process.stderr.write(`${name}: ${line}\n`) })
  process.stdout.write(renderText(result))
  missed += result.findings.filter(({ verdict }) => verdict === 'missed').length
}
process.exit(missed === 0 ? 0 : 1)
