import { join } from 'node:path'
import { IN_FLIGHT, type Run } from './deliver/job.ts'
import type { Variant } from './poll/job.ts'
import { openUpstream } from './poll/upstream.ts'
import { openChild } from './support/child.ts'
import { type Contestant, contest, ratioOf } from './support/contest.ts'
import { type Columns, cellsOf, findAtLeast, findAtMost, type Part } from './support/part.ts'
import { openFolder } from './support/service.ts'
import { openNames, type Scheme, type Trust } from './support/tls.ts'
import { HERE } from './support/tree.ts'

const POLLS = 20_000
const RAW = 'raw loop'
const OURS = 'ours, all still open'
const OURS_SUCCESS = 'ours, all with a verdict'
const plain = (name: string) => `plain http: ${name}`

interface Scene {
  upstream: Awaited<ReturnType<typeof openUpstream>>
  trust: Trust
  polls: number
}
interface Shape {
  name: string
  file: string
  variant: Variant
  scheme?: Scheme
}

const poller = (
  { name, file, variant, scheme = 'https' }: Shape,
  { upstream, trust, polls }: Scene,
  tree = HERE,
): Contestant => ({
  name: tree.nameOf(name),
  run: async () => {
    using folder = openFolder()
    await upstream.answer(variant)
    await using child = openChild(join(tree.folder, 'bench/poll', file))
    await child.ask({ kind: 'prepare', polls, upstreamUrl: upstream.urls[scheme], trust, folder: folder.path })
    const { seconds, cpuSeconds } = await child.ask<Run>({ kind: 'run' })
    return { pollsPerSecond: polls / seconds, cpuMicros: (cpuSeconds * 1e6) / polls }
  },
})

const METHOD = `${POLLS.toLocaleString('en')} serials are due before the clock starts; ${IN_FLIGHT} calls of GetResult are in flight at a time, to a node:https server (TLS 1.3) in a process of its own
that reads the form and answers at once. *${RAW}* signs each call with its dynamic password, sends it with undici's
\`Pool.request\` over ${IN_FLIGHT} connections, reads the answer and parses it, and keeps nothing. *Ours* is the service's own store (a new
SQLite file), poller and upstream client in one process, without API and deliverer: it claims what is due, asks, judges the
answer, and writes it durably: of *still open* the next due time, of *a verdict* the verdict, encrypted, the end of the
registration, and the message that waits to be sent. The account's rate is no limit. *Plain http* is the same without TLS. *CPU* is the polling process's alone.`

const COLUMNS: Columns = { 'polls/s': ['pollsPerSecond', 0], 'CPU, µs a poll': ['cpuMicros', 0] }
const TO_RAW = 'against the raw loop'

export const poll: Part = async ({ rounds, scale, trees, say }) => {
  await using names = await openNames()
  await using upstream = await openUpstream(names)
  const at: Scene = { upstream, trust: names.trust, polls: POLLS * scale }
  const samples = await contest(
    [
      poller({ name: RAW, file: 'raw.ts', variant: 'ING' }, at),
      ...trees.map(tree => poller({ name: OURS, file: 'ours.ts', variant: 'ING' }, at, tree)),
      ...trees.map(tree => poller({ name: OURS_SUCCESS, file: 'ours.ts', variant: 'SUCCESS' }, at, tree)),
      poller({ name: plain(RAW), file: 'raw.ts', variant: 'ING', scheme: 'http' }, at),
      ...trees.map(tree => poller({ name: plain(OURS), file: 'ours.ts', variant: 'ING', scheme: 'http' }, at, tree)),
    ],
    { rounds, say },
  )
  const toRaw = (name: string) =>
    ratioOf(samples, [name, name.startsWith(plain('')) ? plain(RAW) : RAW], 'pollsPerSecond')
  return {
    part: 'poll',
    title: 'Poll',
    method: METHOD,
    columns: [...Object.keys(COLUMNS), TO_RAW],
    rows: [...samples.keys()].map(name => ({
      name,
      cells: { ...cellsOf(samples, name, COLUMNS), [TO_RAW]: `${toRaw(name).toFixed(2)} ×` },
    })),
    findings: [
      findAtLeast('still open, against the raw loop', toRaw(OURS), { aim: 0.85, floor: 0.75 }),
      findAtLeast('with a verdict, against the raw loop', toRaw(OURS_SUCCESS), { aim: 0.7, floor: 0.6 }),
      findAtMost(
        'still open, processor time a poll, against the raw loop',
        ratioOf(samples, [OURS, RAW], 'cpuMicros'),
        { aim: 1.5 },
      ),
    ],
    notes: [
      `Upstream answers in well under a millisecond here. The real one takes tens of milliseconds, and an account's \`UPSTREAM_RATE\` and \`UPSTREAM_CONCURRENCY\` bound the polls long before this does.`,
      'Nothing is registered, sent or looked up meanwhile; all of that shares the process in production.',
    ],
  }
}
