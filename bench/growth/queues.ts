import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../../src/core/duration.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import type { ClaimedAccount, ClaimedMessage, ClaimedVerification, Store } from '../../src/store/store.ts'
import { answerMessages, openChild } from '../support/child.ts'
import { percentile, type Sample } from '../support/contest.ts'
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
/** As a worker looks again that has found nothing, and how often. */
const LOOK_AGAIN_MS = 10
const MOST_LOOKS = 100

interface Order {
  /** Of a file; or `database`, the address of a PostgreSQL. */
  path?: string
  database?: string
  /** Base64. */
  masterKey: string
  batches: number
  /** A batch begins so long after the last one has ended; 0: at once. */
  pauseMs?: number
}

const ANSWER = {
  kind: 'waiting',
  code: 2,
  status: 'ING',
} as const

/** Claims and settles as the workers do, a batch at a time. A settled row is due again, so the queue keeps its length. */
const measure = async ({ path = '', database, masterKey, batches, pauseMs = 0 }: Order): Promise<Sample> => {
  const options = { masterKey: Buffer.from(masterKey, 'base64'), now: Date.now, defaultRate: 1e6 }
  const store =
    database === undefined
      ? await openRemoteStore({ ...options, path })
      : await openPostgresStore({ ...options, url: database, sleep, random: randomBytes })
  const dueAgain = () => store.now() - Math.floor(Math.random() * DUE_WINDOW_MS)
  const pace = { batches, pauseMs }
  const verifications = await measureQueue(pace, {
    claim: async () => {
      const { claims } = await store.claimVerifications({
        busy: new Map(),
        concurrency: BATCH,
        leaseMs: LEASE_MS,
      })
      return claims.flatMap(({ account, verifications }) => verifications.map(one => ({ ...one, account })))
    },
    settle: rows => settleVerifications(store, rows, dueAgain),
  })
  const messages = await measureQueue(pace, {
    claim: async () => {
      const shares = { slots: BATCH, sharedSlots: BATCH, perHost: BATCH, prefetch: new Map(), perPartner: BATCH }
      const busy = {
        busyHosts: new Map<string, number>(),
        busyPartners: new Map<string, number>(),
        slow: { slots: 25, first: 0, busyLanes: new Map<number, number>() },
        unproven: { slots: BATCH, first: 0, perPartner: 100, busyPartners: new Map() },
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
    sendMicros: messages.perRow,
    sendCpuMicros: messages.cpuPerRow,
    sendP99Micros: messages.perRowP99,
    rssMb: residentMb(process.pid),
  }
}

/** Records the outcomes of a batch while the next ones are claimed, as the workers do. */
const measureQueue = async <Row>(
  { batches, pauseMs }: { batches: number; pauseMs: number },
  queue: { claim: () => Promise<Row[]>; settle: (rows: Row[]) => Promise<unknown> },
) => {
  const perRow: number[] = []
  const unrecorded: Promise<unknown>[] = []
  /** Resolves with the number of rows. */
  const runBatch = async (): Promise<number> => {
    let rows = await queue.claim()
    // On PostgreSQL a claim leaves out what the record of an earlier one has locked just now.
    for (let looks = 0; rows.length === 0 && looks < MOST_LOOKS; looks++) {
      await sleep(LOOK_AGAIN_MS)
      rows = await queue.claim()
    }
    if (rows.length === 0) throw new Error('nothing was due')
    if (unrecorded.length >= UNRECORDED) await unrecorded.shift()
    unrecorded.push(queue.settle(rows))
    return rows.length
  }
  let pausedMs = 0
  const pause = async () => {
    await Promise.all(unrecorded.splice(0))
    const startedAt = performance.now()
    await sleep(pauseMs)
    pausedMs += performance.now() - startedAt
  }
  const runBatches = async (count: number): Promise<number> => {
    let rows = 0
    for (let batch = 0; batch < count; batch++) {
      rows += await runBatch()
      if (pauseMs > 0) await pause()
    }
    return rows
  }

  await runBatches(WARM_UP)
  const cpu = process.cpuUsage()
  let rowsDone = 0
  for (let group = 0; group < batches / GROUP; group++) {
    const startedAt = performance.now()
    pausedMs = 0
    const rows = await runBatches(GROUP)
    perRow.push(((performance.now() - startedAt - pausedMs) * 1000) / rows)
    rowsDone += rows
  }
  await Promise.all(unrecorded)
  const { user, system } = process.cpuUsage(cpu)
  return {
    cpuPerRow: (user + system) / rowsDone,
    perRow: percentile(perRow, 0.5),
    perRowP99: percentile(perRow, 0.99),
  }
}

const CALM = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0 }

type Asked = ClaimedVerification & { account: ClaimedAccount }

const settleVerifications = (store: Store, rows: readonly Asked[], dueAgain: () => number) =>
  store.settleVerifications(
    rows.map(({ id, claim, idcardid, account }) => ({
      id,
      claim,
      idcardid,
      answer: ANSWER,
      askedAt: store.now(),
      observedAt: store.now(),
      step: { ...CALM, seen: true, dueAt: dueAgain(), verdict: null, ended: [] },
      account: { id: account.id, change: null },
    })),
  )

const settleMessages = (store: Store, rows: readonly ClaimedMessage[], dueAgain: () => number) =>
  store.settleMessages(
    rows.map(message => ({
      message,
      step: { state: 'pending', dueAt: dueAgain(), retries: 0, gone: false },
      attempt: {
        at: store.now(),
        outcome: 'failed',
        httpStatus: 503,
        error: null,
        durationMs: 12,
        responseExcerpt: null,
      },
      hostSignal: 'answers',
    })),
  )

/** Runs in a process of its own, so that its memory is the store's. */
export const measureQueues = async (order: Order): Promise<Sample> => {
  await using child = openChild(import.meta.filename, { nodeFlags: ['--max-semi-space-size=8'] })
  return await child.ask<Sample>({ ...order })
}

if (import.meta.main) answerMessages(async (order: Order) => ({ ...(await measure(order)) }))
