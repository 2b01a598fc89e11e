import { isOurFailure } from '../callback/failure.ts'
import { attemptOf } from '../callback/outcome.ts'
import type { SendResult } from '../callback/sender.ts'
import type { Clock } from '../core/clock.ts'
import { hostOf } from '../store/rules/lane.ts'
import type { CallbackNotice, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

export interface CallbackNoticesDeps {
  store: Pick<Store, 'now' | 'claimCallbackNotices' | 'settleCallbackNotices'>
  send: (notice: CallbackNotice) => Promise<SendResult>
  newId: (prefix: string) => string
  clock: Pick<Clock, 'monotonic'>
  emit: Emit
}

/** Sent at the same time. */
const BATCH = 10

/** Tells partners, at a URL that works, of URLs that are disabled. */
export const createCallbackNotices = ({ store, send, newId, clock, emit }: CallbackNoticesDeps): BackgroundJob => {
  const tell = async (notice: CallbackNotice): Promise<void> => {
    const { id, partnerId, callbackUrl, url, attempt } = notice
    const settle = (end: 'told' | 'unsent') => store.settleCallbackNotices([{ partnerId, callbackUrl, id, end }])
    const result = await send(notice).catch(async error => {
      await settle('unsent')
      throw error
    })
    const { outcome, httpStatus } = attemptOf(result, store.now())
    const [error, detail] = result.kind === 'failed' ? [result.error, result.detail] : [null, null]
    const { durationMs } = result
    emit('callback_notice.attempted', {
      ...{ messageId: id, partnerId, host: hostOf(callbackUrl), toHost: hostOf(url), attempt },
      ...{ outcome, httpStatus, error, detail, durationMs },
    })
    if (outcome === 'delivered') await settle('told')
    else if (result.kind === 'failed' && isOurFailure(result.error)) await settle('unsent')
  }

  return createBackgroundJob({
    batch: async size => {
      const notices = await store.claimCallbackNotices(Array.from({ length: size }, () => newId('msg')))
      const [failed] = (await Promise.allSettled(notices.map(tell))).filter(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
      return notices.length
    },
    size: BATCH,
    event: 'callback_notice',
    clock,
    emit,
  })
}
