import { join } from 'node:path'
import { IN_FLIGHT, type Run } from './deliver/job.ts'
import type { Variant } from './poll/job.ts'
import { openUpstream } from './poll/upstream.ts'
import { openChild } from './support/child.ts'
import { type Contestant, contest, medianOf, ratioOf } from './support/contest.ts'
import { judgeAtLeast, type Part } from './support/part.ts'
import { openFolder } from './support/service.ts'

const POLLS = 100_000
const RAW = 'raw loop'
const OURS = 'ours, all still open'
const OURS_SUCCESS = 'ours, all with a verdict'
const AIM = { aim: 0.85, floor: 0.65 }

type Upstream = ReturnType<typeof openUpstream>
interface Shape {
  name: string
  file: string
  variant: Variant
}

const poller = (
  { name, file, variant }: Shape,
  { upstream, polls }: { upstream: Upstream; polls: number },
): Contestant => ({
  name,
  run: async () => {
    using folder = openFolder()
    const upstreamUrl = await upstream.answer(variant)
    await using child = openChild(join(import.meta.dirname, 'poll', file))
    await child.ask({ kind: 'prepare', polls, upstreamUrl, folder: folder.path })
    const { seconds, cpuSeconds } = await child.ask<Run>({ kind: 'run' })
    return { pollsPerSecond: polls / seconds, cpuMicros: (cpuSeconds * 1e6) / polls }
  },
})

const METHOD = `${POLLS.toLocaleString('en')} serials are due before the clock starts; ${IN_FLIGHT} calls of GetResult are in flight at a time, to a node:http server in a process of its own
that reads the form and answers at once. *${RAW}* signs each call with its dynamic password, sends it with undici's
\`Pool.request\` over ${IN_FLIGHT} connections, reads the answer and parses it, and keeps nothing. *Ours* is the service's own store (a new
SQLite file), poller and upstream client in one process, without API and deliverer: it claims what is due, asks, judges the
answer, and writes it durably: of *still open* the next due time, of *a verdict* the verdict, encrypted, the end of the
registration, and the message that waits to be sent. The account's rate is no limit. *CPU* is the polling process's alone.`

const COLUMNS = ['polls/s', 'against the raw loop', 'CPU, µs a poll'] as const

export const poll: Part = async ({ rounds, scale, say }) => {
  await using upstream = openUpstream()
  const at = { upstream, polls: POLLS * scale }
  const samples = await contest(
    [
      poller({ name: RAW, file: 'raw.ts', variant: 'ING' }, at),
      poller({ name: OURS, file: 'ours.ts', variant: 'ING' }, at),
      poller({ name: OURS_SUCCESS, file: 'ours.ts', variant: 'SUCCESS' }, at),
    ],
    { rounds, say },
  )
  const toRaw = (name: string) => ratioOf(samples, [name, RAW], 'pollsPerSecond')
  return {
    part: 'poll',
    title: 'Poll',
    method: METHOD,
    columns: COLUMNS,
    rows: [...samples.keys()].map(name => ({
      name,
      cells: {
        'polls/s': medianOf(samples, name, 'pollsPerSecond').toFixed(0),
        'against the raw loop': `${toRaw(name).toFixed(2)} ×`,
        'CPU, µs a poll': medianOf(samples, name, 'cpuMicros').toFixed(0),
      },
    })),
    findings: [
      {
        what: 'still open, against the raw loop',
        value: `${toRaw(OURS).toFixed(2)} ×`,
        aim: '≥ 0.85 ×, floor 0.65 ×',
        verdict: judgeAtLeast(toRaw(OURS), AIM),
      },
    ],
    notes: [
      `Upstream answers in well under a millisecond here. The real one takes tens of milliseconds, and an account's \`UPSTREAM_RATE\` and \`UPSTREAM_CONCURRENCY\` bound the polls long before this does.`,
      'Nothing is registered, sent or looked up meanwhile; all of that shares the process in production.',
    ],
  }
}
