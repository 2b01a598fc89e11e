import type { Sender } from '../callback/sender.ts'
import { createBackgroundJob } from '../worker/background-job.ts'
import { createDeliverer } from '../worker/deliverer.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { createRounds } from '../worker/rounds.ts'
import { clock } from './clock-and-ids.ts'
import { drain, type RoleDeps } from './role.ts'

type Verb = 'now' | 'hints' | 'claimMessages' | 'settleMessages' | 'continueResends' | 'prune'
type Deps = RoleDeps<'callback' | 'storage', Verb> & { sender: Pick<Sender, 'send'> }

const PRUNE_BATCH = 100
const RESEND_BATCH = 200

/**
 * Sends the webhooks that are due, from now on; makes those of bulk resends due, and erases what is older than RETENTION.
 * Disposing stops the claims at once and waits for the attempts in flight.
 */
export const openDeliverer = ({ config: { callback, storage }, store, sender, emit }: Deps): AsyncDisposable => {
  const deliverer = createDeliverer({
    store,
    sender,
    scheduleMs: callback.retryScheduleMs,
    timeoutMs: callback.timeoutMs,
    concurrency: callback.concurrency,
    perHost: callback.concurrencyPerHost,
    random: Math.random,
    clock,
    onFree: () => rounds.ring(),
    emit,
  })
  const rounds = createRounds(deliverer.round, {
    clock,
    now: store.now,
    onError: error => emit('delivery.round_failed', { error }),
  })
  const retention = createBackgroundJob({
    batch: size => store.prune(store.now() - storage.retentionMs, size),
    size: PRUNE_BATCH,
    event: 'retention',
    emit,
  })
  const resends = createBackgroundJob({ batch: store.continueResends, size: RESEND_BATCH, event: 'resend', emit })
  store.hints.on('messagesDue', rounds.ring)
  store.hints.on('cancelled', deliverer.cancel)
  store.hints.on('resendsDue', resends.ring)
  const heartbeat = startHeartbeat({ everySecond: [rounds.ring], everyMinute: [retention.ring, resends.ring], emit })
  rounds.ring()
  resends.ring()

  const stop = async () => {
    await rounds.stop()
    await deliverer.whenIdle()
  }
  return {
    [Symbol.asyncDispose]: () => drain([stop(), heartbeat.stop(), retention.stop(), resends.stop()]),
  }
}
