import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { clock } from '../../src/app/clock-and-ids.ts'
import { openNameResolver } from '../../src/callback/resolve.ts'
import { openSender } from '../../src/callback/sender.ts'
import { createNetworks } from '../../src/core/address.ts'
import { SECOND } from '../../src/core/duration.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createEmit } from '../../src/telemetry/emit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createDeliverer } from '../../src/worker/deliverer.ts'
import { createRounds } from '../../src/worker/rounds.ts'
import { answerMessages } from '../support/child.ts'
import { addDeliveries } from '../support/jobs.ts'
import { believe } from '../support/tls.ts'
import { IN_FLIGHT, type Load, measureRun, type Order, type PrepareOrder, type Run } from './job.ts'

/** The service's own store, deliverer and sender, with everything that they do in production. */
const runOurs = async () => {
  const allowed = createNetworks([{ address: '127.0.0.0', prefix: 8, family: 'ipv4' }])
  let prepared: { store: Store; load: Load } | null = null

  answerMessages(async (order: Order) => {
    if (order.kind === 'prepare') {
      believe(order.trust)
      const store = await openStore(order)
      await addDeliveries(store, { count: order.jobs, urls: order.urls })
      prepared = { store, load: order }
      return 'ready'
    }
    if (prepared === null) throw new Error('run before prepare')
    return { ...(await run(prepared.store, prepared.load)) }
  })

  const run = async (filled: Store, { jobs, urls, trust }: Load): Promise<Run> => {
    const done = Promise.withResolvers<void>()
    const sender = openSender({
      timeoutMs: 15 * SECOND,
      policy: { allowHttp: true, allowed },
      proxy: null,
      userAgent: 'idface-notifier/bench',
      resolver: openNameResolver({ servers: [trust.dns], clock }),
      clock,
    })
    let left = jobs
    const deliverer = createDeliverer({
      // The only change: to see when the last one is recorded.
      store: {
        now: filled.now,
        claimMessages: filled.claimMessages,
        settleMessages: async settlements => {
          const outcomes = await filled.settleMessages(settlements)
          left -= settlements.length
          if (left === 0) done.resolve()
          return outcomes
        },
      },
      sender,
      scheduleMs: [5 * SECOND],
      timeoutMs: 15 * SECOND,
      // To one host more than its connections, so that only these are the limit; of many new hosts half of it at a time.
      concurrency: urls.length === 1 ? 6 * IN_FLIGHT : 2 * IN_FLIGHT,
      perHost: IN_FLIGHT,
      random: Math.random,
      clock,
      onFree: () => rounds.free(),
      onDue: at => rounds.wakeUpAt(at),
      emit: createEmit([createLog({ level: 'info', version: 'bench', now: Date.now })]),
    })
    const rounds = createRounds(deliverer.round, { clock, now: filled.now, onError: done.reject })
    const result = await measureRun(async () => {
      rounds.wakeUp()
      await done.promise
    })
    await rounds.stop()
    await deliverer.whenIdle()
    await sender.close()
    await filled.close()
    return result
  }
}

/** On PostgreSQL, or in a file of its own. */
const openStore = ({ folder, database }: PrepareOrder): Promise<Store> => {
  const options = { masterKey: Buffer.alloc(32, 7), now: Date.now, defaultRate: 1e9 }
  return database === undefined
    ? openRemoteStore({ ...options, path: `${folder}/bench.db`, as: 'service' })
    : openPostgresStore({ ...options, url: database, sleep, random: randomBytes })
}

if (import.meta.main) await runOurs()
