import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { openReceiver } from '../src/simulator/receiver.ts'
import { openUpstreamSimulator } from '../src/simulator/upstream.ts'
import { createAdminClient, createApiClient } from '../test/support/api-client.ts'
import { ACCOUNT, ADMIN_TOKEN, type Environment, openFolder, serviceEnvironment } from '../test/support/service.ts'

/**
 * What fifty hostile receivers cost the service and its healthy receivers, on this machine: memory, and the time from a
 * registration to its webhook. Bounded in time; ends by itself, with 1 if an aim is missed.
 */
const USAGE = 'node_modules/.bin/node bench/hostile.ts [--seconds 60]'
const AIMS = { growthMb: 50, p99Ratio: 2 }
const HOSTILE = 50
const HEALTHY_RATE = 40
const HOSTILE_RATE = 20

const flood = (socket: Socket, chunk: string) => {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
    socket.once('drain', more)
  }
  more()
}
const drip = (socket: Socket, text: string, everyMs: number) => {
  const timer = setInterval(() => socket.write(text), everyMs)
  socket.once('close', () => clearInterval(timer))
}
const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`
const KB = 'x'.repeat(1024)

/** What each does once a request has begun to arrive. */
const TEMPERS: Record<string, (socket: Socket) => void> = {
  'endless body': socket => {
    socket.write(CHUNKED)
    flood(socket, `400\r\n${KB}\r\n`.repeat(16))
  },
  'chunk extensions': socket => {
    socket.write(CHUNKED)
    flood(socket, `1;${KB.repeat(8)}\r\nx\r\n`)
  },
  'header flood': socket => {
    socket.write(HEAD)
    flood(socket, `x: ${KB}\r\n`)
  },
  'endless 103': socket => flood(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
  'endless reason': socket => flood(socket, `HTTP/1.1 200 ${KB}`),
  'dripping headers': socket => {
    socket.write(`${HEAD}x: `)
    drip(socket, 'y', 100)
  },
  'dripping body': socket => {
    socket.write(`${HEAD}content-length: 100000\r\n\r\n`)
    drip(socket, 'y', 100)
  },
  'endless trailers': socket => {
    socket.write(`${CHUNKED}0\r\n`)
    flood(socket, `t: ${KB}\r\n`)
  },
  hang: () => {},
  reset: socket => void socket.resetAndDestroy(),
}

/** The hostile side, in a process of its own: its memory and its work are not the service's. */
const runHostile = async () => {
  const seen: Record<string, number> = {}
  const tempers = Object.entries(TEMPERS)
  const ports: number[] = []
  for (let index = 0; index < HOSTILE; index++) {
    const [name, act] = tempers[index % tempers.length] ?? ['', () => {}]
    const server = createServer(socket => {
      socket
        .on('error', () => {})
        .once('data', () => {
          seen[name] = (seen[name] ?? 0) + 1
          socket.resume()
          act(socket)
        })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  process.send?.(ports)
  process.on('message', () => process.send?.(seen))
  process.once('disconnect', () => process.exit(0))
}

const openHostile = async () => {
  const child = fork(import.meta.filename, ['--hostile'], { execPath: process.execPath })
  const [ports] = (await once(child, 'message')) as [number[]]
  // Attackers work on machines of their own: here they get only what nobody else wants of this one.
  setPriority(child.pid ?? 0, 19)
  const count = async () => {
    child.send('count')
    const [seen] = (await once(child, 'message')) as [Record<string, number>]
    return seen
  }
  return { ports, count, [Symbol.dispose]: () => child.disconnect() }
}

const residentMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

const TICKS_PER_SECOND = 100
/** Processor time used so far, in seconds. */
const cpuSeconds = (pid: number): number => {
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) / TICKS_PER_SECOND
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN

/** Calls `run` at a steady rate for a while, whatever becomes of each; how many calls it began. */
const atRate = (rate: number, seconds: number, run: (index: number) => Promise<unknown>): Promise<number> =>
  new Promise(resolve => {
    const startedAt = performance.now()
    let begun = 0
    const timer = setInterval(() => {
      const elapsed = (performance.now() - startedAt) / 1000
      for (const target = Math.min(elapsed, seconds) * rate; begun < target; begun++) void run(begun).catch(() => {})
      if (elapsed < seconds) return
      clearInterval(timer)
      resolve(begun)
    }, 10)
  })

/**
 * V8's young generation grows to about 100 MB under any traffic, when it likes. Kept small, it does not hide what stays in
 * memory because of the hostile ones.
 */
const SMALL_NURSERY = ['--max-semi-space-size=2']

/** `serve` in a process of its own, once it listens. */
const openService = async (env: Environment) => {
  const child = spawn(process.execPath, [...SMALL_NURSERY, `${import.meta.dirname}/../src/cli.ts`, 'serve'], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)
  for await (const line of lines) {
    const { event, url } = JSON.parse(line) as { event: string; url?: string }
    if (event === 'listening' && url !== undefined) {
      child.stdout.resume()
      const exited = once(child, 'exit')
      const dispose = async () => {
        child.kill()
        await exited
      }
      return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: dispose }
    }
  }
  throw new Error('the service did not start')
}

const openScene = async () => {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const upstream = stack.use(
    await openUpstreamSimulator({
      accounts: [ACCOUNT],
      now: Date.now,
      record: false,
      defaultScript: { status: 'SUCCESS' },
    }),
  )
  const receiver = stack.use(await openReceiver({ secrets: [], now: Date.now, verify: false, record: false }))
  const service = stack.use(
    await openService({
      ...serviceEnvironment({ folder: folder.path, upstreamUrl: upstream.url }),
      UPSTREAM_RATE: '1000',
      CALLBACK_TIMEOUT: '15s',
      RETRY_SCHEDULE: Array.from({ length: 50 }, () => '10s').join(','),
      LOG_LEVEL: 'info',
    }),
  )
  const admin = createAdminClient(service.url, ADMIN_TOKEN)
  const addPartner = async (name: string) => createApiClient(service.url, (await admin.createPartner(name)).apiKey)
  return {
    receiver,
    service,
    healthy: await addPartner('healthy'),
    hostile: await addPartner('hostile'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

type Scene = Awaited<ReturnType<typeof openScene>>

/** From a registration to its webhook, in ms, at a steady rate for a while. */
const measureHealthy = async (
  { receiver, healthy }: Scene,
  { name, seconds, rate = HEALTHY_RATE }: { name: string; seconds: number; rate?: number },
): Promise<number[]> => {
  const startedAt = new Map<string, number>()
  const latencies: number[] = []
  const onDelivery = ({ body }: { body: string }) => {
    const { data } = JSON.parse(body) as { data: { idcardid: string } }
    const began = startedAt.get(data.idcardid)
    if (began !== undefined) latencies.push(performance.now() - began)
    startedAt.delete(data.idcardid)
  }
  receiver.events.on('delivery', onDelivery)
  await atRate(rate, seconds, index => {
    const idcardid = `${name}-${index}`
    startedAt.set(idcardid, performance.now())
    return healthy.register({ idcardid, callbackUrl: receiver.urlFor('/hook') })
  })
  // What has not come in ten more seconds counts as that long: it must not vanish from the percentile.
  const endsAt = performance.now() + 10_000
  while (startedAt.size > 0 && performance.now() < endsAt) await new Promise(resolve => setTimeout(resolve, 50))
  for (const began of startedAt.values()) latencies.push(performance.now() - began)
  receiver.events.off('delivery', onDelivery)
  return latencies
}

/** One service under honest traffic, its memory sampled. */
const openMeasured = async () => {
  const scene = await openScene()
  const memory: number[] = []
  const sampler = setInterval(() => memory.push(residentMb(scene.service.pid)), 500)
  // More traffic than later, all of it honest: a heap that grows with the traffic is not the hostile ones' doing.
  const warmUp = () => measureHealthy(scene, { name: 'warm-up', seconds: 20, rate: 3 * HEALTHY_RATE })
  const measure = async (seconds: number) => {
    const before = Math.max(...memory.splice(0))
    const cpu = cpuSeconds(scene.service.pid)
    const latencies = await measureHealthy(scene, { name: 'measured', seconds })
    return {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      count: latencies.length,
      before,
      peak: Math.max(...memory),
      cpu: (cpuSeconds(scene.service.pid) - cpu) / seconds,
    }
  }
  return {
    ...scene,
    warmUp,
    measure,
    [Symbol.asyncDispose]: async () => {
      clearInterval(sampler)
      await scene[Symbol.asyncDispose]()
    },
  }
}

const describe = (name: string, one: Awaited<ReturnType<Awaited<ReturnType<typeof openMeasured>>['measure']>>) =>
  [
    `${name}: p50 ${one.p50.toFixed(1)} ms, p99 ${one.p99.toFixed(1)} ms of ${one.count} webhooks;`,
    `memory ${one.before.toFixed(0)} → ${one.peak.toFixed(0)} MB; processor ${one.cpu.toFixed(2)} s/s`,
  ].join(' ')

/** Two services at the same time, one of them with hostile receivers: whatever else this machine does slows both. */
const run = async (seconds: number): Promise<boolean> => {
  await using attacked = await openMeasured()
  await using calm = await openMeasured()
  using hostile = await openHostile()
  await Promise.all([attacked.warmUp(), calm.warmUp()])
  const [beside, without] = await Promise.all([
    attacked.measure(seconds),
    calm.measure(seconds),
    atRate(HOSTILE_RATE, seconds, index => {
      const callbackUrl = `http://127.0.0.1:${hostile.ports[index % HOSTILE]}/`
      return attacked.hostile.register({ idcardid: `hostile-${index}`, callbackUrl })
    }),
  ])
  const seen = Object.entries(await hostile.count()).map(([name, count]) => `${name} ${count}`)
  const growth = beside.peak - beside.before
  const ratio = beside.p99 / without.p99
  const lines = [
    `${HOSTILE} hostile receivers for ${seconds} s; healthy webhooks at ${HEALTHY_RATE}/s beside them, and at a second service`,
    describe('without', without),
    describe('beside ', beside),
    `p99 ratio ${ratio.toFixed(2)} (aim ≤ ${AIMS.p99Ratio}), memory growth ${growth.toFixed(0)} MB (aim < ${AIMS.growthMb})`,
    `hostile requests: ${seen.join(', ')}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return growth < AIMS.growthMb && ratio <= AIMS.p99Ratio
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, hostile: { type: 'boolean' } } })
const seconds = Number(values.seconds)
if (values.hostile) await runHostile()
else if (seconds >= 1 && seconds <= 600) process.exit((await run(seconds)) ? 0 : 1)
else {
  process.stderr.write(`${USAGE}: 1 to 600 seconds\n`)
  process.exit(2)
}
