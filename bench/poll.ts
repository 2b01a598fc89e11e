import { join } from 'node:path'
import type { Run } from './deliver/job.ts'
import type { Variant } from './poll/job.ts'
import { openUpstream } from './poll/upstream.ts'
import { openChild } from './support/child.ts'
import { type Contestant, contest, ratioOf } from './support/contest.ts'
import { type Columns, cellsOf, findAtLeast, findAtMost, type Part } from './support/part.ts'
import { openFolder } from './support/service.ts'
import { openNames, type Trust } from './support/tls.ts'
import { HERE } from './support/tree.ts'

const POLLS = 20_000
const RAW = 'raw loop'
const OURS = 'ours, all still open'
const OURS_SUCCESS = 'ours, all with a verdict'

interface Scene {
  upstream: Awaited<ReturnType<typeof openUpstream>>
  trust: Trust
  polls: number
}
interface Shape {
  name: string
  file: string
  variant: Variant
}

const poller = ({ name, file, variant }: Shape, { upstream, trust, polls }: Scene, tree = HERE): Contestant => ({
  name: tree.nameOf(name),
  run: async () => {
    using folder = openFolder()
    await upstream.answer(variant)
    await using child = openChild(join(tree.folder, 'bench/poll', file))
    await child.ask({ kind: 'prepare', polls, upstreamUrl: upstream.url, trust, folder: folder.path })
    const { seconds, cpuSeconds } = await child.ask<Run>({ kind: 'run' })
    return { pollsPerSecond: polls / seconds, cpuMicros: (cpuSeconds * 1e6) / polls }
  },
})

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
    ],
    { rounds, say },
  )
  const toRaw = (name: string) => ratioOf(samples, [name, RAW], 'pollsPerSecond')
  return {
    part: 'poll',
    title: 'Poll',
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
