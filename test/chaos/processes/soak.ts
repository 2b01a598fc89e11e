import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, residentMb } from '../../../bench/support/machine.ts'
import { DAY } from '../../../src/core/duration.ts'
import { countDuplicates, findBroken } from '../check.ts'
import type { Client } from '../clients.ts'
import { createDraw, type Draw } from '../draw.ts'
import type { Finding, Promises } from '../findings.ts'
import { isOk, VERDICTS } from '../judged.ts'
import { newSeen, personOf, type Seen } from '../seen.ts'
import { type Engine, openScene, PROMISES, type Scene } from './scene.ts'

/** How long registrations are put together: they are judged, and forgotten, as one, and there is a sample for each slice. */
export const SLICE_MS = 10_000
/** Number of slices after which all registrations of one have ended. */
const ENDED_AFTER = 8
/** Time from a registration to the last look at it; a kill may add some seconds. */
const LOOK_AFTER_MS = 50_000
const LOOKS = 20
/** Slices from one kill to the next, and from one line about how far it is to the next. */
const KILL_EVERY = 60
const PROGRESS_EVERY = 30
export const FAULTY = { receivers: 0.05, upstream: 0.02 }
const RETRY_SECONDS = [1, 2, 4, 8, 8, 8, 8]

/** As in production, but for its rates, and all times of hours and days. */
const settingsOf = (minutes: number) => ({
  UPSTREAM_RATE: String(SOAK_PROMISES.rate),
  UPSTREAM_CONCURRENCY: '50',
  UPSTREAM_TIMEOUT: '10s',
  CALLBACK_TIMEOUT: '15s',
  POLL_MIN_INTERVAL: '5s',
  POLL_MAX_INTERVAL: '300s',
  RETRY_SCHEDULE: RETRY_SECONDS.map(seconds => `${seconds}s`).join(','),
  // Longer than it takes until all is judged, and short against a fifth of the run.
  RETENTION: `${Math.max(90, Math.ceil(minutes * 2.5))}s`,
  LOG_LEVEL: 'info',
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
})
const SOAK_PROMISES: Promises = {
  ...PROMISES,
  rate: 1_000,
  burst: 1_000,
  schedule: RETRY_SECONDS.map(seconds => seconds * 1_000),
  ttl: DAY,
  pollAtMost: 5_000,
  // Its leases are longer.
  recovery: 30_000,
  resend: 30_000,
}

const scriptsOf = (draw: Draw) => (serial: string) => ({
  status: Number(serial.slice(-1)) % 2 === 0 ? 'SUCCESS' : 'FAIL',
  afterMs: serial.endsWith('7') ? 8_000 : 0,
  ...personOf(serial),
  steps: draw.chance(FAULTY.upstream)
    ? [draw.oneOf([{ http: 503 }, { fault: 'reset' as const }, { fault: 'cut' as const }])]
    : [],
})
const stepsOf = (draw: Draw, count: number) => () =>
  draw.times(count, () =>
    draw.chance(FAULTY.receivers) ? draw.oneOf([500, { status: 502, delayMs: 100 }, { fault: 'reset' as const }]) : 200,
  )

/** Measured in each slice; NaN where there was nothing to measure. */
export type Series = Map<string, { unit: Unit; values: number[] }>
export type Unit = 'MB' | '% of a core' | 'open' | 'ms'
export interface Soak {
  engine: Engine
  minutes: number
  rate: number
  series: Series
  counts: Record<'registrations' | 'refused' | 'polls' | 'webhooks' | 'failed' | 'duplicates' | 'kills', number>
  findings: Finding[]
  inconsistencies: string[]
}

const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN

/** From GetResult's verdict to the 2xx of its webhook, in ms. */
const timesToTell = ({ polls, webhooks }: Seen): number[] => {
  const verdictAt = new Map<string, number>()
  for (const { serial, answer, at } of polls) if (VERDICTS.has(answer)) verdictAt.set(serial, at)
  return webhooks.flatMap(({ at, status, body }) => {
    const from = verdictAt.get(serialOf(body) ?? '')
    return isOk(status) && from !== undefined ? [at - from] : []
  })
}
const serialOf = (body: string): string | undefined =>
  (JSON.parse(body) as { data: { idcardid?: string } }).data.idcardid

/** Measures the processes and the database's files from the system. */
const sampler = (scene: Scene, noteOf: (n: number, name: string, unit: Unit, value: number) => void) => {
  const last = new Map<number, { at: number; seconds: number }>()
  const MB = 1024 ** 2
  return async (slice: number): Promise<void> => {
    const note = (name: string, unit: Unit, value: number) => noteOf(slice, name, unit, value)
    for (const [n, node] of scene.nodes.entries()) {
      if (!node) continue
      node.forget()
      const of = scene.nodes.length > 1 ? ` of node ${n + 1}` : ''
      note(`memory${of}`, 'MB', residentMb(node.pid))
      note(`descriptors${of}`, 'open', readdirSync(`/proc/${node.pid}/fd`).length)
      const now = { at: performance.now(), seconds: cpuSeconds(node.pid) }
      const before = last.get(node.pid)
      last.set(node.pid, now)
      if (before) note(`CPU${of}`, '% of a core', (1e5 * (now.seconds - before.seconds)) / (now.at - before.at))
    }
    if (scene.server) {
      const [row] = await scene.server.query<{ size: string }>("SELECT pg_database_size('chaos') AS size")
      return note('database', 'MB', Number(row?.size) / MB)
    }
    const file = join(scene.folder, 'notifier.db')
    note('database', 'MB', statSync(file).size / MB)
    note('WAL', 'MB', existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size / MB : 0)
  }
}

/**
 * Real processes at a constant rate for a long time. Each slice is judged as soon as all of it must have ended. So it
 * is not seen whether registrations of one slice disturb those of another, and events are not read.
 */
export const runSoak = async (options: {
  engine: Engine
  seed: number
  minutes: number
  rate: number
  /** Called with the progress now and then. */
  onProgress: (text: string) => void
}): Promise<Soak> => {
  const { engine, seed, minutes, rate, onProgress } = options
  const draw = createDraw(seed)
  await using scene = await openScene({
    ...{ engine, draw, isSoak: true },
    settings: settingsOf(minutes),
    scriptOf: scriptsOf(draw),
  })
  const length = Math.round((minutes * 60_000) / SLICE_MS)
  const perSlice = (rate * SLICE_MS) / 1_000
  const series: Series = new Map()
  const note = (n: number, name: string, unit: Unit, value: number): void => {
    const one = series.get(name) ?? { unit, values: Array<number>(length).fill(Number.NaN) }
    one.values[n] = value
    series.set(name, one)
  }
  const counts = { registrations: 0, refused: 0, polls: 0, webhooks: 0, failed: 0, duplicates: 0, kills: 0 }
  const findings: Finding[] = []

  /** By the beginning of the serials of a slice. */
  const slices = new Map<string, Seen>()
  const keyOf = (n: number) => String(10_000 + n)
  const seenOf = (serial: string): Seen | undefined => {
    const seen = slices.get(serial.slice(0, 5))
    if (!seen) findings.push({ broken: 'out of order', what: `${serial}: it is over, and still something comes` })
    return seen
  }
  scene.listen({
    poll: poll => seenOf(poll.serial)?.polls.push(poll),
    webhook: webhook => {
      const serial = serialOf(webhook.body)
      if (serial !== undefined) seenOf(serial)?.webhooks.push(webhook)
    },
  })
  const live = async (clients: readonly Client[], serial: string): Promise<void> => {
    const client = draw.oneOf(clients)
    const id = await client.register(serial, draw.oneOf(scene.urls), null)
    if (id === null) return void counts.refused++
    if (draw.chance(0.02)) await client.act(draw.oneOf(['cancel', 'resend'] as const), id)
    await sleep(LOOK_AFTER_MS)
    for (let looks = 0; looks < LOOKS && (await client.show(id)) === null; looks++) await sleep(1_000)
  }
  const judge = (n: number): void => {
    const seen = slices.get(keyOf(n))
    if (!seen) return
    slices.delete(keyOf(n))
    seen.endedAt = Date.now()
    findings.push(...findBroken(seen, SOAK_PROMISES))
    const answered = seen.registering.filter(({ id }) => id !== null)
    counts.registrations += answered.length
    counts.polls += seen.polls.length
    counts.webhooks += seen.webhooks.length
    counts.failed += seen.webhooks.filter(({ status }) => !isOk(status)).length
    counts.duplicates += countDuplicates(seen)
    const took = { POST: answered.map(one => (one.answeredAt ?? 0) - one.at), 'verdict to 2xx': timesToTell(seen) }
    for (const [name, times] of Object.entries(took)) {
      times.sort((a, b) => a - b)
      for (const p of [50, 99]) note(n, `${name}, p${p}`, 'ms', percentile(times, p / 100))
    }
  }

  const sample = sampler(scene, note)
  const startedAt = Date.now()
  let background = Promise.resolve()
  for (let n = 0; n < length + ENDED_AFTER; n++) {
    const beginsAt = startedAt + n * SLICE_MS
    if (n < length) {
      scene.plan(stepsOf(draw, perSlice))
      const seen = { ...newSeen(), troubles: scene.seen.troubles }
      slices.set(keyOf(n), seen)
      const clients = scene.clientsOf(seen)
      for (let sent = 0; sent < perSlice; await sleep(20))
        for (const owed = ((Date.now() - beginsAt) / 1_000) * rate; sent < Math.min(owed, perSlice); sent++)
          void live(clients, keyOf(n) + String(sent).padStart(6, '0'))
    }
    await sleep(Math.max(0, beginsAt + SLICE_MS - Date.now()))
    // One after the other: a killed process cannot be measured.
    background = background.then(async () => {
      findings.push(...(await scene.revive()))
      if (n < length) await sample(n)
      judge(n - ENDED_AFTER)
      if (n % PROGRESS_EVERY === 0) {
        onProgress(`${(n * SLICE_MS) / 60_000} min: ${counts.registrations} registrations, ${findings.length} broken`)
        const last = [...series].map(
          ([name, { unit, values }]) => `${name} ${Math.round(values[n - ENDED_AFTER] ?? 0)} ${unit}`,
        )
        if (n > 0) onProgress(`  ${last.join('; ')}`)
        for (const { broken, what } of findings.slice(-3)) onProgress(`  ${broken}: ${what}`)
      }
      if (n >= length || n % KILL_EVERY !== KILL_EVERY / 2) return
      counts.kills++
      const victim = draw.below(scene.nodes.length)
      await scene.during('kill -9', async () => {
        await scene.kill(victim)
        await scene.start(victim)
      })
    })
  }
  await background
  const inconsistencies = await scene.findInconsistencies()
  return { engine, minutes, rate, series, counts, findings, inconsistencies }
}
