import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { emitCancelled } from '../../telemetry/emit-cancelled.ts'
import type { ApiDeps } from '../api-env.ts'
import { found } from '../json/problem.ts'
import { packWords } from '../json/validate.ts'

const ERASE = packWords({ en: 'must be true, or left out', zh: '只能是 true，或不填' })
export const CANCEL_QUERY = z.strictObject({
  erase: z
    .literal('true', ERASE)
    .optional()
    .describe(
      '`true`: cancel it in any state, and erase its verdict with the scores, its metadata, the text of its webhook and the answers of your receiver, for ever.',
    ),
})
export const CANCELS =
  'Before its end: it is no longer polled and sends no webhook, and its metadata is erased. After its end, with a verdict or without: 409 `has_verdict`, and nothing changes, unless `erase` is given. The verdict is erased once all registrations of the serial are. Cancelling it again changes nothing.'
const HAS_VERDICT = {
  en: 'The registration has ended, so there is nothing to cancel: its webhook is on its way, or was. To erase its verdict, scores, metadata and the text of its webhook for ever, send DELETE with ?erase=true; if the webhook has not arrived, it then never does.',
  zh: '该登记已结束，无法取消：其回调正在投递或已经投递。如需永久删除结果、分数、自定义数据和回调正文，请用 DELETE 并加 ?erase=true；尚未送达的回调将不再投递。',
}
/** Cancels a registration, for its partner or an operator. Throws `AppError('has_verdict')` if it has ended. */
export const cancelOne = async (
  { store, emit }: Pick<ApiDeps, 'store' | 'emit'>,
  [partnerId, id]: readonly [partnerId: string, id: string],
  { erase }: z.output<typeof CANCEL_QUERY>,
): Promise<void> => {
  const cancelled = found(await store.cancel(partnerId, id, erase ? 'erase' : 'cancel'), 'registration')
  if (!erase && cancelled.registration.status !== 'cancelled') throw new AppError('has_verdict', HAS_VERDICT)
  emitCancelled(cancelled, emit, store.now())
}
