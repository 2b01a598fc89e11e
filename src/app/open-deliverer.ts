import type { Sender } from '../callback/sender.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { createContacts } from '../operator/contacts.ts'
import { createPruning } from '../store/retention/retention.ts'
import { createBackgroundJob } from '../worker/background-job.ts'
import { createBulkActJob } from '../worker/bulk-acts.ts'
import { createCallbackNoticeJob } from '../worker/callback-notices.ts'
import { createDeliverer } from '../worker/deliverer.ts'
import { createRounds, onceAMinute } from '../worker/rounds.ts'
import { startHeartbeat } from '../worker/timers.ts'
import type { System } from './clock-and-ids.ts'
import { createRole, type RoleDeps } from './role.ts'

type Deps = RoleDeps & System & { sender: Pick<Sender, 'send' | 'close'> }

export type DelivererRole = ReturnType<typeof openDeliverer>

/**
 * Sends due webhooks from now on, does bulk acts, notifies contacts of failing URLs, and erases registrations older
 * than RETENTION. Breaking off closes the sender.
 */
export const openDeliverer = ({ config: { callback, storage }, store, sender, emit, ...system }: Deps) => {
  const { clock, random, startCalendar } = system
  const deliverer = createDeliverer({
    store,
    sender,
    scheduleMs: callback.retryScheduleMs,
    timeoutMs: callback.timeoutMs,
    concurrency: callback.concurrency,
    perHost: callback.concurrencyPerHost,
    random,
    clock,
    onFree: () => rounds.free(),
    onDue: at => rounds.wakeUpAt(at),
    emit,
  })
  const rounds = createRounds(deliverer.round, {
    clock,
    now: store.now,
    onError: onceAMinute(error => emit('delivery.round_failed', { error }), clock),
  })
  const retention = createBackgroundJob({
    batch: createPruning(store.prune, () => store.now() - storage.retentionMs),
    event: 'retention',
    clock,
    emit,
  })
  const bulkActs = createBulkActJob({ store, clock, emit })
  const { notify: notifyContact } = createContacts({ store, sender, emit })
  const notices = createCallbackNoticeJob({ store, notifyContact, clock, emit })
  store.hints.on('messagesDue', rounds.wakeUp)
  store.hints.on('callbacksChanged', notices.wakeUp)
  store.hints.on('withdrawn', deliverer.withdraw)
  store.hints.on('bulkActsDue', bulkActs.wakeUp)
  const calendar = startCalendar(retention.wakeUp, error => emit('retention.failed', { error }))
  const heartbeats = [
    // A bulk act may wait for its probe.
    startHeartbeat({ everyMs: SECOND, wakeUp: bulkActs.wakeUp, clock }),
    startHeartbeat({ everyMs: MINUTE, wakeUp: notices.wakeUp, clock }),
  ]
  rounds.wakeUp()
  bulkActs.wakeUp()
  notices.wakeUp()

  const stop = async () => {
    await rounds.stop()
    await deliverer.whenIdle()
  }
  const role = createRole({
    end: () => {
      for (const heartbeat of heartbeats) heartbeat.stop()
      return Promise.all([stop(), calendar.stop(), retention.stop(), bulkActs.stop(), notices.stop()])
    },
    breakOff: () => {
      deliverer.giveBack()
      sender.close()
    },
  })
  return { ...role, underWay: deliverer.underWay }
}
