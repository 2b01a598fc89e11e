import type { Alert } from '../../src/core/alert.ts'
import type { Language } from '../../src/core/language.ts'
import { Secret } from '../../src/core/secret.ts'
import { openChannel } from '../../src/operator/channel.ts'
import type { ChannelReply } from '../../src/operator/dialect.ts'
import { type Notice, noticeItem } from '../../src/operator/notice.ts'
import { clockWith } from '../support/clock.ts'
import type { openAnswering } from '../support/operator-robots.ts'

export const TOLD: ChannelReply = { kind: 'told' }
export const DOWN: ChannelReply = { kind: 'later', code: 'tcp: ECONNREFUSED', detail: '', waitMs: null }
export const CONTENT: ChannelReply = {
  ...{ kind: 'refused', problem: 'content', code: 'errcode 430102', detail: 'bad words' },
}

export const AT = Date.parse('2026-11-26T03:04:05Z')

export const PAUSED: Alert = {
  ...{ condition: 'account.paused', subject: 'C12345678', state: 'firing', since: AT, at: AT, count: 1 },
  details: {
    code: 'account_paused',
    since: AT,
    account: 'C12345678',
    reason: 'credentials_wrong',
    upstreamCode: 405,
    nextTryAt: null,
  },
  ...{ toldState: null, toldAt: null, dueAt: AT },
}

/** `host` comes from a partner. */
export const exhausted = (partnerId: string, host = 'hooks.partner.example', count = 1): Alert => ({
  ...PAUSED,
  ...{ condition: 'message.exhausted', subject: partnerId, count, details: { partnerId, host, error: 'timeout' } },
})

export const CONSOLE_URL = 'https://notifier.example/console'

export const noticeOf = (events: readonly Alert[], language: Language = 'en', at = Date.now()): Notice => ({
  ...{ id: 'op_1', at, language, source: 'node-1' },
  items: events.map(event => noticeItem(event, { language, consoleUrl: null }, at)),
})

/** With links to the console. */
export const linked = (events: readonly Alert[], language: Language = 'en'): Notice => ({
  ...noticeOf(events, language),
  items: events.map(event => noticeItem(event, { language, consoleUrl: CONSOLE_URL }, AT)),
})

type At = Pick<Awaited<ReturnType<typeof openAnswering>>, 'url' | 'connect'>

export const channelTo = ({ url, connect }: At, secret: string | null = null) => {
  const channel = openChannel({
    ...{ url: new Secret(url), secret: secret === null ? null : new Secret(secret) },
    ...{ userAgent: 'idface-notifier/test', clock: clockWith(), connect },
  })
  return Object.assign(channel, { [Symbol.dispose]: channel.close })
}
