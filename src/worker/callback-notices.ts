import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createInFlight } from '../core/keyed-limiter.ts'
import type { ClaimedContact } from '../store/partners/contacts.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

export interface CallbackNoticesDeps {
  store: Pick<Store, 'claimContacts'>
  notifyContact: (contact: ClaimedContact) => Promise<void>
  clock: Pick<Clock, 'monotonic'>
  emit: Emit
}

/** Maximum contacts notified concurrently: a slow one delays no other. */
const CONTACTS = 20
/** Delay after a claim that found no contact to notify, because the query scans all failing URLs. */
const QUIET_MS = 10 * SECOND

/** Notifies partners' contacts of news about their callback URLs. */
export const createCallbackNoticeJob = ({ store, notifyContact, clock, emit }: CallbackNoticesDeps): BackgroundJob => {
  const contacts = createInFlight<null>()
  let quietUntil = 0
  const begin = async (contact: ClaimedContact): Promise<void> => {
    contacts.start(null)
    await notifyContact(contact).catch(error => emit('callback_notice.failed', { error }))
    contacts.end(null)
    job.wakeUp()
  }

  const job = createBackgroundJob({
    batch: async () => {
      const places = CONTACTS - contacts.total()
      const isQuiet = places === 0 || clock.monotonic() < quietUntil
      const claimed = isQuiet ? [] : await store.claimContacts(places)
      if (!isQuiet && claimed.length === 0) quietUntil = clock.monotonic() + QUIET_MS
      for (const contact of claimed) void begin(contact)
      return { count: claimed.length, hasMore: false }
    },
    event: 'callback_notice',
    clock,
    emit,
  })
  return { wakeUp: job.wakeUp, stop: () => job.stop().then(contacts.whenIdle) }
}
