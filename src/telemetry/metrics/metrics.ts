import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Histogram } from '../../core/histogram.ts'
import { onceIn } from '../../core/once-in.ts'
import type { Listener } from '../emit.ts'
import { type Declaration, type LabelsOf, showMetric } from './declaration.ts'
import { READING_METRICS } from './declarations.ts'
import { createEventMetrics } from './event-metrics.ts'
import { createMetricsListener } from './listener.ts'

type Table = typeof READING_METRICS

interface Sample<Of extends Declaration> {
  labels: LabelsOf<Of>
  value: Of['type'] extends 'histogram' ? Histogram : number
}

/** The values of metrics that are as they are when somebody asks. What is not there is not shown. */
export type Readings = { readonly [Name in keyof Table]?: readonly Sample<Table[Name]>[] }

/** Metrics that are counted elsewhere. What it returns sets the values that the registry shows from then on. */
const createReadingMetrics = (registry: Registry): ((readings: Readings) => void) => {
  let shown: Readings = {}
  for (const key of Object.keys(READING_METRICS) as (keyof Table)[])
    showMetric(registry, READING_METRICS[key], () => shown[key] ?? [])
  return readings => {
    shown = readings
  }
}

const SLOT_MS = 5 * SECOND
const SLOTS = MINUTE / SLOT_MS

/** Counts the calls of each account in the last minute, to within 5 s. There are as many accounts as have a label. */
export const createCallRate = (monotonic: () => number) => {
  /** By account: the count of each slot, in a ring, and which slot was counted last. */
  const calls = new Map<string, { counts: number[]; last: number }>()
  const slotNow = () => Math.floor(monotonic() / SLOT_MS)

  const forward = (account: string) => {
    const now = slotNow()
    const counted = calls.get(account) ?? { counts: new Array<number>(SLOTS).fill(0), last: now }
    calls.set(account, counted)
    for (let slot = Math.max(counted.last, now - SLOTS) + 1; slot <= now; slot++) counted.counts[slot % SLOTS] = 0
    counted.last = now
    return counted.counts
  }

  return {
    called: (account: string): void => {
      const counts = forward(account)
      const slot = slotNow() % SLOTS
      counts[slot] = (counts[slot] ?? 0) + 1
    },
    inLastMinute: (account: string): number =>
      calls.has(account) ? forward(account).reduce((sum, count) => sum + count, 0) : 0,
  }
}

/** Their names say counter, and they are none: Prometheus' own lint objects to them. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

const open = (): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  return registry
}

let opened: Registry | null = null

/** What every Node process can tell of itself. There is one process, so this is opened once. */
const processMetrics = (): Registry => {
  opened ??= open()
  return opened
}

const EVERY_MS = 5 * SECOND

/** A route of the API, and the codes that it may answer. */
interface CountedRoute {
  method: string
  route: string
  codes: readonly string[]
}

interface Metrics {
  listener: Listener
  /** Shows zeros for an account, by its id: an APIID is half of a login. */
  addAccount(account: string): void
  /** By the id of an account, of this process. */
  callsInLastMinute(account: string): number
  contentType: string
  /** The page, with these values of what is read elsewhere. */
  text(readings: Readings): Promise<string>
}

export const createMetrics = ({
  routes,
  clock,
}: {
  routes: readonly CountedRoute[]
  clock: Pick<Clock, 'monotonic'>
}): Metrics => {
  const registry = new Registry()
  const metrics = createEventMetrics(registry)
  const show = createReadingMetrics(registry)
  // It lists all that is open, which takes some ms where thousands of connections are.
  const processText = onceIn(EVERY_MS, () => processMetrics().metrics(), clock.monotonic)
  const calls = createCallRate(clock.monotonic)
  const accounts = new Set<string>()
  const addAccount = (account: string): void => {
    if (accounts.has(account)) return
    accounts.add(account)
    for (const name of ['polls', 'pollDuration', 'unknownStatuses'] as const) metrics.begin(name, { account })
  }
  // Their durations begin with their first request: zeros of all of them would be most of the page.
  for (const { method, route, codes } of routes)
    for (const code of codes) metrics.begin('httpRequests', { method, route, code })
  return {
    listener: createMetricsListener({ metrics, addAccount, onCall: calls.called }),
    addAccount,
    callsInLastMinute: calls.inLastMinute,
    contentType: registry.contentType,
    text: async readings => {
      show(readings)
      const [ours, ofProcess] = await Promise.all([registry.metrics(), processText()])
      return `${ours}\n${ofProcess}`
    },
  }
}
