import type { WebhookContent } from '../../src/core/message.ts'

/** The content of the webhook of a succeeded check, with the test's changes. */
export const webhookContent = (now: number, more: Partial<WebhookContent> = {}): WebhookContent => ({
  type: 'idface.succeeded',
  thin: false,
  sandbox: false,
  timestamp: now,
  registrationId: 'reg_01',
  idcardid: '16236437872836',
  status: 'SUCCESS',
  reason: null,
  verdict: { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' },
  metadata: { order: '42' },
  observedAt: now,
  previousPollAt: null,
  ...more,
})
