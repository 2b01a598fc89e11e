import { attemptOf } from '../callback/outcome.ts'
import type { Sender } from '../callback/sender.ts'
import { createSigningKeys, webhookHeaders } from '../callback/signing.ts'
import { hostOf } from '../core/callback-url.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createInFlight } from '../core/keyed-limiter.ts'
import { callbackDisabledBody } from '../core/message.ts'
import type { CallbackNotice } from '../store/callbacks/health.ts'
import type { ClaimedContact } from '../store/partners/contacts.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

export interface CallbackNoticesDeps {
  store: Pick<Store, 'now' | 'liveSecrets' | 'claimCallbackNotices' | 'endCallbackNotice' | 'claimContacts'>
  notifyContact: (contact: ClaimedContact) => Promise<void>
  sender: Pick<Sender, 'send'>
  clock: Pick<Clock, 'monotonic'>
  emit: Emit
}

/** Maximum notices sent concurrently. */
const BATCH = 10
/** Maximum contacts notified concurrently: a slow one delays no other. */
const CONTACTS = 20
/** Delay after a claim that found no contact to notify, because the query scans all failing URLs. */
const QUIET_MS = 10 * SECOND

/**
 * Sends partners `idface.callback_disabled` about disabled URLs, to a URL that works and signed like any webhook, and
 * notifies their contacts of news.
 */
export const createCallbackNoticeJob = ({
  store,
  sender,
  notifyContact,
  clock,
  emit,
}: CallbackNoticesDeps): BackgroundJob => {
  const signingKeys = createSigningKeys()

  const send = async (notice: CallbackNotice): Promise<void> => {
    const { id, partnerId, callbackUrl, url, attempt } = notice
    const body = callbackDisabledBody(notice)
    const keys = (await store.liveSecrets(partnerId)).map(signingKeys)
    const headers = webhookHeaders({ id, body, attempt }, keys, store.now())
    const result = await sender.send({ partnerId, url, headers, body })
    const { outcome, httpStatus } = attemptOf(result, store.now())
    const [error, detail] = result.kind === 'failed' ? [result.error, result.detail] : [null, null]
    emit('callback_notice.attempted', {
      messageId: id,
      partnerId,
      host: hostOf(callbackUrl),
      toHost: hostOf(url),
      attempt,
      outcome,
      httpStatus,
      error,
      detail,
      durationMs: result.durationMs,
    })
    if (outcome === 'delivered') await store.endCallbackNotice({ partnerId, callbackUrl })
  }

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
      const notices = await store.claimCallbackNotices(BATCH)
      const [failed] = (await Promise.allSettled(notices.map(send))).filter(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
      return { count: claimed.length + notices.length, hasMore: notices.length > 0 }
    },
    event: 'callback_notice',
    clock,
    emit,
  })
  return { wakeUp: job.wakeUp, stop: () => job.stop().then(contacts.whenIdle) }
}
