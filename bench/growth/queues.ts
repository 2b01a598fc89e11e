import { monitorEventLoopDelay } from 'node:perf_hooks'
import { SECOND } from '../../src/core/duration.ts'
import type { ClaimedMessage, ClaimedVerification, Store } from '../../src/store/store.ts'
import { openRemoteStore } from '../../src/store/thread/remote-store.ts'
import { answerMessages, openChild } from '../support/child.ts'
import { percentile, type Sample } from '../support/contest.ts'
import { residentMb } from '../support/machine.ts'
import { DUE_WINDOW_MS } from './fill.ts'

/** As many rows a call as there are slots. */
const BATCH = 100
const LEASE_MS = 25 * SECOND
/** Not measured: the code and the cache become warm. */
const WARM_UP = 10

export type Dues = 'in order' | 'at random'
interface Order {
  path: string
  /** Base64. */
  masterKey: string
  batches: number
  dues: Dues
}

const ANSWER = {
  kind: 'waiting',
  code: 2,
  status: 'ING',
} as const

/** Claims and settles as the workers do, a batch at a time. What is settled is due again, so the queue stays as long. */
const measure = async ({ path, masterKey, batches, dues }: Order): Promise<Sample> => {
  const store = await openRemoteStore({
    path,
    masterKey: Buffer.from(masterKey, 'base64'),
    now: Date.now,
    defaultRate: 1e6,
  })
  const dueAgain = () => store.now() - (dues === 'in order' ? 0 : Math.floor(Math.random() * DUE_WINDOW_MS))
  const verifications = await measureQueue(batches, {
    claim: async () => {
      const { claims } = await store.claimVerifications({
        busy: new Map(),
        concurrency: BATCH,
        ahead: new Map(),
        leaseMs: LEASE_MS,
      })
      return claims.flatMap(claim => claim.verifications)
    },
    settle: rows => settleVerifications(store, rows, dueAgain),
  })
  const messages = await measureQueue(batches, {
    claim: async () => {
      const shares = { slots: BATCH, slowSlots: 25, perHost: BATCH, ahead: new Map(), perPartner: BATCH }
      const busy = {
        busyHosts: new Map<string, number>(),
        busyPartners: new Map<string, number>(),
        unproven: { perPartner: 100, busyPartners: new Map() },
      }
      return (await store.claimMessages({ ...shares, ...busy, leaseMs: LEASE_MS })).messages
    },
    settle: rows => settleMessages(store, rows, dueAgain),
  })
  await store.close()
  return {
    pollMicros: verifications.perRow,
    pollCpuMicros: verifications.cpuPerRow,
    pollP99Micros: verifications.perRowP99,
    pollLongestMs: verifications.longest,
    sendMicros: messages.perRow,
    sendCpuMicros: messages.cpuPerRow,
    sendP99Micros: messages.perRowP99,
    sendLongestMs: messages.longest,
    loopDelayMs: Math.max(verifications.loopDelay, messages.loopDelay),
    rssMb: residentMb(process.pid),
  }
}

const measureQueue = async <Row>(
  batches: number,
  queue: { claim: () => Promise<Row[]>; settle: (rows: Row[]) => Promise<void> },
) => {
  const perRow: number[] = []
  let longest = 0
  let rowsDone = 0
  let cpu = process.cpuUsage()
  const timed = async <T>(run: () => Promise<T>): Promise<[T, number]> => {
    const startedAt = performance.now()
    const result = await run()
    return [result, performance.now() - startedAt]
  }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  for (let batch = -WARM_UP; batch < batches; batch++) {
    if (batch === 0) {
      delay.enable()
      cpu = process.cpuUsage()
    }
    const [rows, claimMs] = await timed(queue.claim)
    if (rows.length === 0) throw new Error('nothing was due')
    const [, settleMs] = await timed(() => queue.settle(rows))
    if (batch < 0) continue
    rowsDone += rows.length
    perRow.push(((claimMs + settleMs) * 1000) / rows.length)
    longest = Math.max(longest, claimMs, settleMs)
  }
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  return {
    cpuPerRow: (user + system) / rowsDone,
    perRow: percentile(perRow, 0.5),
    perRowP99: percentile(perRow, 0.99),
    longest,
    loopDelay: delay.max / 1e6,
  }
}

const settleVerifications = (store: Store, rows: readonly ClaimedVerification[], dueAgain: () => number) =>
  store.settleVerifications(
    rows.map(({ id, claim }) => ({
      id,
      claim,
      answer: ANSWER,
      askedAt: store.now(),
      observedAt: store.now(),
      step: { failures: 0, invalidIds: 0, goneChecks: 0, seen: true, dueAt: dueAgain(), verdict: null, ended: [] },
      account: null,
    })),
  )

const settleMessages = (store: Store, rows: readonly ClaimedMessage[], dueAgain: () => number) =>
  store.settleMessages(
    rows.map(message => ({
      message,
      step: { state: 'pending', dueAt: dueAgain(), retries: 1, gone: false },
      attempt: {
        at: store.now(),
        outcome: 'failed',
        httpStatus: 503,
        error: null,
        durationMs: 12,
        responseExcerpt: null,
      },
      timedOut: false,
    })),
  )

/** In a process of its own, whose memory is then what the store takes. */
export const measureQueues = async (order: Order): Promise<Sample> => {
  await using child = openChild(import.meta.filename, { nodeFlags: ['--max-semi-space-size=16'] })
  return await child.ask<Sample>({ ...order })
}

if (import.meta.main) answerMessages(async (order: Order) => ({ ...(await measure(order)) }))
