import { randomBytes } from 'node:crypto'
import { clock } from '../../src/app/clock-and-ids.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { pollInterval } from '../../src/core/polling/schedule.ts'
import { createEnumerationGuard } from '../../src/http/middleware/enumeration-guard.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createEmit } from '../../src/telemetry/emit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { openUpstream } from '../../src/upstream/upstream.ts'
import { createPoller } from '../../src/worker/poller.ts'
import { createRounds } from '../../src/worker/rounds.ts'
import { POLICY as DEFAULTS } from '../../test/support/store.ts'
import { IN_FLIGHT, measureRun, type Run } from '../deliver/job.ts'
import { answerMessages } from '../support/child.ts'
import { addPolls } from '../support/jobs.ts'
import { believe } from '../support/tls.ts'
import type { Order } from './job.ts'

const TIMEOUT_MS = 10 * SECOND
/** The defaults, except the shortest interval: no serial may fall due again during the run. */
const POLICY = { ...DEFAULTS, minMs: 10 * MINUTE, maxMs: 10 * MINUTE }

/** The service's own store, poller and upstream, with everything that they do in production. */
const runOurs = () => {
  const emit = createEmit([createLog({ level: 'info', version: 'bench', now: Date.now })])
  let prepared: { store: Store; polls: number; upstreamUrl: string } | null = null

  const run = async ({ store, polls, upstreamUrl }: NonNullable<typeof prepared>): Promise<Run> => {
    const upstream = openUpstream({
      url: upstreamUrl,
      method: 'POST',
      timeoutMs: TIMEOUT_MS,
      userAgent: 'idface-notifier/bench',
      clock,
    })
    let left = polls
    const done = Promise.withResolvers<void>()
    const poller = createPoller({
      // The only change: to see when the last one is recorded, and that upstream has answered.
      store: {
        now: store.now,
        claimVerifications: store.claimVerifications,
        settleVerifications: async settlements => {
          const outcomes = await store.settleVerifications(settlements)
          const failed = settlements.find(({ answer }) => answer.kind !== 'waiting' && answer.kind !== 'verdict')
          if (failed) done.reject(new Error(`an answer was ${JSON.stringify(failed.answer)}`))
          left -= settlements.length
          if (left === 0) done.resolve()
          return outcomes
        },
      },
      upstream: { ask: (account, { idcardid }) => upstream.ask(account, idcardid) },
      policy: POLICY,
      plan: { intervalMs: (_, ageMs) => pollInterval(ageMs, POLICY), polled: () => {} },
      concurrency: IN_FLIGHT,
      timeoutMs: TIMEOUT_MS,
      random: Math.random,
      clock,
      onFree: () => rounds.free(),
      onDue: at => rounds.wakeUpAt(at),
      onLookup: createEnumerationGuard({ now: store.now, emit }).recordLookup,
      emit,
    })
    const rounds = createRounds(poller.round, { clock, now: store.now, onError: done.reject })
    const result = await measureRun(async () => {
      rounds.wakeUp()
      await done.promise
    })
    await rounds.stop()
    await poller.whenIdle()
    await upstream.close()
    await store.close()
    if (left !== 0) throw new Error(`${-left} more answers than serials`)
    return result
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'run') {
      if (prepared === null) throw new Error('run before prepare')
      return { ...(await run(prepared)) }
    }
    const { folder, polls, upstreamUrl } = order
    believe(order.trust)
    const store = await openRemoteStore({
      path: `${folder}/bench.db`,
      as: 'service',
      masterKey: randomBytes(32),
      now: Date.now,
      defaultRate: 1e9,
    })
    await addPolls(store, { count: polls, urls: ['https://partner.example/webhooks/idface'] })
    prepared = { store, polls, upstreamUrl }
    return 'ready'
  })
}

if (import.meta.main) runOurs()
