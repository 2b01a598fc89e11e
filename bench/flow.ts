import { setTimeout as sleep } from 'node:timers/promises'
import { alone, type Scene } from './deliver/alone.ts'
import { type Api, openApi, type Registering } from './support/api.ts'
import { contest, medianOf, percentile, ratioOf, type Sample } from './support/contest.ts'
import { cpuSeconds, residentMb } from './support/machine.ts'
import { type Outside, openOutside, sharedNow, untilCounts } from './support/outside.ts'
import { atRate, closedLoop, serialOf } from './support/pace.ts'
import { findAtLeast, findAtMost, type Part, type Row } from './support/part.ts'
import { openReceiver } from './support/receiver.ts'
import { benchEnvironment, createPartner, openFolder, openService } from './support/service.ts'
import { openNames } from './support/tls.ts'
import type { Tree } from './support/tree.ts'

const REGISTRATIONS = 30_000
const WARM_UP = 3_000
const BATCH = 200
/** Batches in flight. */
const WIDTH = 4
const OPEN_LOOP_SECONDS = 10
const OURS = 'ours'
const RAW = 'the raw loop'
const RAW_JOBS = 20_000
/** Registrations in one call of the open loop; single ones would measure little but the HTTP server. */
const SMALL_BATCH = 5

/** Of a service that is not to be held up by its own limits. */
const SETTINGS = {
  LOG_LEVEL: 'info',
  UPSTREAM_RATE: '100000',
  UPSTREAM_CONCURRENCY: '100',
  CALLBACK_CONCURRENCY: '256',
  CALLBACK_CONCURRENCY_PER_HOST: '128',
}

const batchOf = (kind: string, { from, count, callbackUrl }: { from: number; count: number; callbackUrl: string }) =>
  Array.from({ length: count }, (_, index): Registering => ({ idcardid: serialOf(kind, from + index), callbackUrl }))

/** Registers as fast as the service accepts; resolves when the last webhook has arrived. */
const flood = async (api: Api, outside: Outside, { kind, count }: { kind: string; count: number }): Promise<void> => {
  const { hooks } = await outside.counts()
  const callbackUrl = outside.hookUrl
  await closedLoop({ count: Math.ceil(count / BATCH), width: WIDTH }, index =>
    api.registerAll(batchOf(kind, { from: index * BATCH, count: Math.min(BATCH, count - index * BATCH), callbackUrl })),
  )
  await untilCounts(outside, counts => counts.hooks >= hooks + count)
}

/** At a steady rate, how long each takes from its registration to its poll, and from its answer to its webhook. */
const trickle = async (api: Api, outside: Outside, { rate, seconds }: { rate: number; seconds: number }) => {
  await outside.stamps()
  const { hooks } = await outside.counts()
  const sentAt = new Map<string, number>()
  const results = await atRate({ rate: rate / SMALL_BATCH, seconds }, async index => {
    const from = index * SMALL_BATCH
    const batch = batchOf('3', { from, count: SMALL_BATCH, callbackUrl: outside.hookUrl })
    const now = sharedNow()
    for (const { idcardid } of batch) sentAt.set(idcardid, now)
    await api.registerAll(batch)
  })
  const failed = results.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
  await untilCounts(outside, counts => counts.hooks >= hooks + sentAt.size)
  const { polled, hooked } = await outside.stamps()
  const polledAt = new Map(polled)
  return {
    toPoll: polled.map(([serial, at]) => at - (sentAt.get(serial) ?? Number.NaN)),
    toHook: hooked.map(([serial, at]) => at - (polledAt.get(serial) ?? Number.NaN)),
  }
}

/** A service with all around it and one partner, warm. */
const openFlow = async (tree: Tree) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(openFolder())
  const names = stack.use(await openNames())
  const outside = stack.use(await openOutside(names))
  const env = { ...benchEnvironment(folder.path, outside.upstreamUrl), ...SETTINGS }
  const service = stack.use(await openService(folder.path, env, { names, tree }))
  const api = stack.use(openApi(service.url, await createPartner(service.url, 'flow')))
  await flood(api, outside, { kind: '1', count: WARM_UP })
  const opened = stack.move()
  return { api, outside, service, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Sends all registrations as fast as the service accepts them. */
const measureFlood = async (
  { api, outside, service }: Awaited<ReturnType<typeof openFlow>>,
  count: number,
): Promise<{ verdictsPerSecond: number; cpuMicros: number }> => {
  const cpu = cpuSeconds(service.pid)
  const startedAt = performance.now()
  await flood(api, outside, { kind: '2', count })
  const verdictsPerSecond = count / ((performance.now() - startedAt) / 1000)
  return { verdictsPerSecond, cpuMicros: ((cpuSeconds(service.pid) - cpu) * 1e6) / count }
}

const runOnce = async (scale: number, tree: Tree): Promise<Sample> => {
  await using flow = await openFlow(tree)
  const { api, outside, service } = flow
  const { verdictsPerSecond, cpuMicros } = await measureFlood(flow, Math.round(REGISTRATIONS * scale))

  await sleep(1_000)
  const seconds = Math.max(5, OPEN_LOOP_SECONDS * Math.min(1, scale))
  const { toPoll, toHook } = await trickle(api, outside, { rate: verdictsPerSecond / 2, seconds })
  return {
    verdictsPerSecond,
    cpuMicros,
    pollP50: percentile(toPoll, 0.5),
    pollP99: percentile(toPoll, 0.99),
    pollMax: Math.max(...toPoll),
    hookP50: percentile(toHook, 0.5),
    hookP99: percentile(toHook, 0.99),
    hookMax: Math.max(...toHook),
    rssMb: residentMb(service.pid),
  }
}

const runRaw = async (scene: Scene): Promise<Sample> => {
  const { jobsPerSecond = Number.NaN, cpuMicros = Number.NaN } = await alone(RAW, 'raw.ts', scene).run()
  return { verdictsPerSecond: jobsPerSecond, cpuMicros }
}

export const flow: Part = async ({ rounds, scale, trees, say }) => {
  await using names = await openNames()
  await using receiver = await openReceiver(names)
  const load = { jobs: RAW_JOBS * scale, urls: [receiver.urlOf('https')], trust: names.trust }
  const samples = await contest(
    [
      ...trees.map(tree => ({ name: tree.nameOf(OURS), run: () => runOnce(scale, tree) })),
      { name: RAW, run: () => runRaw({ receiver, load }) },
    ],
    { rounds, say },
  )
  const of = (figure: string, name: string = OURS) => medianOf(samples, name, figure)
  const ms = (figure: string) => `${of(figure).toFixed(1)} ms`
  const speedOf = (name: string): Row['cells'] => ({
    'verdicts/s': of('verdictsPerSecond', name).toFixed(0),
    'CPU, µs a verdict': of('cpuMicros', name).toFixed(0),
  })
  return {
    part: 'flow',
    title: 'All at once, one process',
    columns: ['verdicts/s', 'CPU, µs a verdict', 'p50', 'p99', 'longest'],
    rows: [
      { name: 'as fast as it goes', cells: speedOf(OURS) },
      {
        name: 'at half of it: registration sent → first poll arrives',
        cells: { p50: ms('pollP50'), p99: ms('pollP99'), longest: ms('pollMax') },
      },
      {
        name: 'at half of it: GetResult answers → webhook has arrived',
        cells: { p50: ms('hookP50'), p99: ms('hookP99'), longest: ms('hookMax') },
      },
      { name: RAW, cells: speedOf(RAW) },
    ],
    findings: [
      findAtLeast(`as fast as it goes, against ${RAW}`, ratioOf(samples, [OURS, RAW], 'verdictsPerSecond'), {
        aim: 0.4,
        floor: 0.3,
      }),
      findAtMost('from the answer to the webhook, p99 at half load', of('hookP99'), {
        aim: 30,
        unit: ' ms',
        digits: 1,
      }),
      findAtMost('from the registration to the first poll, p99 at half load', of('pollP99'), {
        aim: 50,
        unit: ' ms',
        digits: 1,
      }),
      findAtMost('memory of the service afterwards', of('rssMb'), { aim: 200, floor: 210, unit: ' MB', digits: 0 }),
    ],
    notes: ['All three processes share two cores; alone on the machine the service would get more of them.'],
  }
}
