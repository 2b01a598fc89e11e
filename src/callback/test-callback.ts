import { webhookBody } from '../core/message.ts'
import type { Attempt } from '../store/messages/message.ts'
import type { Store } from '../store/store.ts'
import { attemptOf } from './outcome.ts'
import type { Sender } from './sender.ts'
import { createSigningKeys, webhookHeaders } from './signing.ts'

export interface TestCallbackDeps {
  store: Pick<Store, 'now' | 'liveSecrets' | 'enableCallback'>
  sender: Pick<Sender, 'send'>
  newId: (prefix: string) => string
}

/**
 * Sends `idface.test` to a URL once, signed like any webhook, and resolves with the attempt. A 2xx enables a URL that
 * was disabled or had answered 410; nothing else is stored.
 */
export const createTestCallback = ({ store, sender, newId }: TestCallbackDeps) => {
  const signingKeys = createSigningKeys()

  return async (partnerId: string, callbackUrl: string): Promise<Attempt> => {
    const at = store.now()
    const id = newId('msg')
    const body = webhookBody({
      type: 'idface.test',
      timestamp: at,
      registrationId: `reg_${id.slice('msg_'.length)}`,
      idcardid: 'test',
      status: null,
      reason: null,
      verdict: null,
      thin: false,
      sandbox: false,
      metadata: {},
      observedAt: at,
      previousPollAt: null,
    })
    const keys = (await store.liveSecrets(partnerId)).map(signingKeys)
    const headers = webhookHeaders({ id, body, attempt: 1 }, keys, at)
    const attempt = attemptOf(await sender.send({ partnerId, url: callbackUrl, headers, body }), at)
    if (attempt.outcome === 'delivered') await store.enableCallback({ partnerId, callbackUrl }, 'test')
    return attempt
  }
}
