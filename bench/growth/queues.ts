import { SECOND } from '../../src/core/duration.ts'
import type { ClaimedMessage } from '../../src/store/messages/message.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import type { Store } from '../../src/store/store.ts'
import { newRegistration } from '../../test/support/store.ts'
import { answerMessages, openChild } from '../support/child.ts'
import { median, percentile, type Sample } from '../support/contest.ts'
import { claimPolls, settleAsOpen, settleWithVerdict } from '../support/jobs.ts'
import { residentMb } from '../support/machine.ts'
import { DUE_WINDOW_MS } from './fill.ts'

/** As many rows a call as there are slots. */
const BATCH = 100
const LEASE_MS = 25 * SECOND
/** Rounds that are not measured, to warm up the code and the cache. */
const WARM_UP = 50
/** Batches whose outcomes are being recorded at a time. */
const UNRECORDED = 8
/** Batches that are timed as one, because their records share commits. */
const GROUP = 10

interface Order {
  path: string
  /** Base64. */
  masterKey: string
  batches: number
}

/**
 * Claims and settles as the workers do, a batch at a time. Polls are due again, deliveries are replaced by as many first ones, so the queues
 * keep their lengths.
 */
const measure = async ({ path, masterKey, batches }: Order): Promise<Sample> => {
  const key = Buffer.from(masterKey, 'base64')
  const store = await openRemoteStore({ path, masterKey: key, now: Date.now, defaultRate: 1e6 })
  const dueAgain = () => store.now() - Math.floor(Math.random() * DUE_WINDOW_MS)
  const polls = await measureQueue(batches, {
    claim: () => claimPolls(store, BATCH),
    settle: rows => settleAsOpen(store, rows, dueAgain),
  })
  const deliveries = await measureQueue(batches, {
    claim: () => claimDeliveries(store),
    settle: rows => settleAsDelivered(store, rows),
    replace: rows => replaceDelivered(store, rows),
  })
  await store.close()
  return {
    pollMicros: polls.perRow,
    pollCpuMicros: polls.cpuPerRow,
    pollP99Micros: polls.perRowP99,
    sendMicros: deliveries.perRow,
    sendCpuMicros: deliveries.cpuPerRow,
    sendP99Micros: deliveries.perRowP99,
    rssMb: residentMb(process.pid),
  }
}

interface Queue<Row> {
  claim: () => Promise<Row[]>
  settle: (rows: Row[]) => Promise<unknown>
  /** Makes as many due as were settled, unless they are due again. Not measured. */
  replace?: (rows: readonly Row[]) => Promise<void>
}

/** Records the outcomes of a batch while the next ones are claimed, as the workers do. */
const measureQueue = async <Row>(batches: number, queue: Queue<Row>) => {
  const unrecorded: Promise<unknown>[] = []
  const runBatch = async (): Promise<Row[]> => {
    const rows = await queue.claim()
    if (rows.length === 0) throw new Error('nothing was due')
    if (unrecorded.length >= UNRECORDED) await unrecorded.shift()
    unrecorded.push(queue.settle(rows))
    return rows
  }
  const recordAll = () => Promise.all(unrecorded.splice(0))
  /** Resolves with the time and the processor time of a row. */
  const runGroup = async () => {
    const rows: Row[] = []
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    for (let batch = 0; batch < GROUP; batch++) rows.push(...(await runBatch()))
    await recordAll()
    const micros = (performance.now() - startedAt) * 1000
    const { user, system } = process.cpuUsage(cpu)
    await queue.replace?.(rows)
    return { micros: micros / rows.length, cpuMicros: (user + system) / rows.length }
  }

  for (let group = 0; group < WARM_UP / GROUP; group++) await runGroup()
  const groups: Awaited<ReturnType<typeof runGroup>>[] = []
  while (groups.length < batches / GROUP) groups.push(await runGroup())
  const perRow = groups.map(({ micros }) => micros)
  return {
    cpuPerRow: median(groups.map(({ cpuMicros }) => cpuMicros)),
    perRow: median(perRow),
    perRowP99: percentile(perRow, 0.99),
  }
}

const claimDeliveries = async (store: Store): Promise<ClaimedMessage[]> => {
  const claim = { concurrency: 4 * BATCH, slots: BATCH, perHost: BATCH, prefetch: new Map(), leaseMs: LEASE_MS }
  const busy = { busyHosts: new Map(), busyPartners: new Map(), busySlow: new Map(), busyUnproven: new Map() }
  return (await store.claimMessages({ ...claim, ...busy })).messages
}

const settleAsDelivered = async (store: Store, rows: readonly ClaimedMessage[]) => {
  const outcomes = await store.settleMessages(
    rows.map(message => ({
      message,
      step: { state: 'delivered', dueAt: null, retries: 0, gone: false },
      attempt: {
        at: store.now(),
        outcome: 'delivered',
        httpStatus: 200,
        error: null,
        durationMs: 12,
        responseExcerpt: null,
        origin: null,
      },
      hostSignal: 'answers',
    })),
  )
  if (outcomes.some(outcome => outcome !== 'delivered')) throw new Error('a delivery was not recorded')
}

/** Gives as many due polls a verdict, and registers as many new ones for the same partners and URLs. */
const replaceDelivered = async (store: Store, delivered: readonly ClaimedMessage[]): Promise<void> => {
  let accountId = ''
  for (let left = delivered.length; left > 0; ) {
    const polls = await claimPolls(store, Math.min(left, BATCH))
    if (!polls[0]) throw new Error('no poll was due')
    accountId = polls[0].accountId
    await settleWithVerdict(store, polls)
    left -= polls.length
  }
  const registered = await store.register(
    delivered.map(({ partnerId, callbackUrl, seq }) =>
      newRegistration({ partnerId, callbackUrl, accountId, idcardid: `9${String(seq).padStart(12, '0')}` }),
    ),
  )
  if (registered.some(({ outcome }) => outcome !== 'created')) throw new Error('a serial was there before')
}

/** Runs in a process of its own, so that its memory is the store's. */
export const measureQueues = async (order: Order): Promise<Sample> => {
  await using child = openChild(import.meta.filename, { nodeFlags: ['--max-semi-space-size=8'] })
  return await child.ask<Sample>({ ...order })
}

if (import.meta.main) answerMessages(async (order: Order) => ({ ...(await measure(order)) }))
