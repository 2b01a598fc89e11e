import { callbackDisabledBody } from '../core/message.ts'
import type { CallbackNotice, Store } from '../store/store.ts'
import type { Sender, SendResult } from './sender.ts'
import { createKeyring, webhookHeaders } from './signing.ts'

export interface CallbackNoticeDeps {
  store: Pick<Store, 'now' | 'liveSecrets'>
  sender: Pick<Sender, 'send'>
}

/** Sends `idface.callback_disabled` once, signed like any webhook. Rejects where the partner's secrets cannot be had. */
export const createCallbackNoticeSender = ({ store, sender }: CallbackNoticeDeps) => {
  const signingKeys = createKeyring()

  return async (notice: CallbackNotice): Promise<SendResult> => {
    const { id, partnerId, url, attempt } = notice
    const body = callbackDisabledBody(notice)
    const keys = (await store.liveSecrets(partnerId)).map(signingKeys)
    const headers = webhookHeaders({ id, body, attempt }, keys, store.now())
    return sender.send({ partnerId, url, headers, body })
  }
}
