import type { Clock } from '../core/clock.ts'
import { createInFlight } from '../core/keyed-limiter.ts'
import type { ClaimedContact } from '../store/partners/contacts.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

/** Each takes as long as an attempt may; one that is slow keeps nobody else from being told. */
const MOST_AT_ONCE = 20

/** Has the contacts of partners told what is new of their URLs, whenever it is rung. */
export const createContactJob = ({
  store,
  tell,
  clock,
  emit,
}: {
  store: Pick<Store, 'claimContacts'>
  tell: (contact: ClaimedContact) => Promise<void>
  clock: Pick<Clock, 'monotonic'>
  emit: Emit
}): BackgroundJob => {
  const underWay = createInFlight<null>()

  const begin = async (contact: ClaimedContact): Promise<void> => {
    underWay.start(null)
    await tell(contact).catch(error => emit('callback_notice.failed', { error }))
    underWay.end(null)
    job.ring()
  }

  const job = createBackgroundJob({
    batch: async () => {
      const claimed = await store.claimContacts(MOST_AT_ONCE - underWay.total())
      for (const contact of claimed) void begin(contact)
      return { count: claimed.length, hasMore: false }
    },
    event: 'callback_notice',
    clock,
    emit,
  })
  return {
    ring: job.ring,
    stop: async () => {
      await job.stop()
      await underWay.whenIdle()
    },
  }
}
