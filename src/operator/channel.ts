import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'
import { type OperatorChannel, operatorChannelOf } from '../core/operator-channel.ts'
import { type Origin, originOf } from '../core/origin.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import { type Connect, type Fault, openClient, SHORT_ANSWER } from '../http-client/client.ts'
import type { ChannelReply, Dialect } from './dialect.ts'
import { DINGTALK } from './dingtalk.ts'
import { FEISHU } from './feishu.ts'
import type { Notice } from './notice.ts'
import { SLACK } from './slack.ts'
import { STANDARD_WEBHOOK } from './standard-webhook.ts'
import { WECOM } from './wecom.ts'

export type Channel = ReturnType<typeof openChannel>

export const DIALECTS: Readonly<Record<OperatorChannel, Dialect>> = {
  wecom: WECOM,
  dingtalk: DINGTALK,
  feishu: FEISHU,
  slack: SLACK,
  webhook: STANDARD_WEBHOOK,
}

const TIMEOUT_MS = 10 * SECOND
const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' }

/** Returns the path, headers and body of the POST. */
export const rendered = ({ render }: Dialect, url: URL, notice: Notice, secrets: readonly string[]) => {
  const { query = '', headers = JSON_HEADERS, body } = render(notice, secrets)
  const search = query === '' ? url.search : `${url.search === '' ? '?' : `${url.search}&`}${query}`
  return { path: url.pathname + search, headers, body }
}

/** Never an error's message, which may contain addresses. */
const faultName = (fault: Fault): string => {
  if (fault.kind === 'timeout') return `timeout: ${fault.phase}`
  if (fault.kind === 'connect') return `${fault.phase}: ${codeOf(fault.error) ?? 'failed'}`
  return fault.kind === 'lost' ? `lost: ${fault.code ?? 'closed'}` : fault.kind
}

/**
 * The operators' channel. Uses the plain client, without the guard of callbacks: an operator can reach the network
 * anyway, and own receivers are often inside. Like the client of GetResult, it ignores `CALLBACK_PROXY`.
 *
 * @param deps.connect opens connections in another way than the default
 */
export const openChannel = (deps: {
  url: Secret
  secret: Secret | null
  userAgent: string
  clock: Clock
  connect?: Connect<Origin>
}) => {
  const { secret, userAgent, clock, connect } = deps
  const url = new URL(deps.url.reveal())
  const name = operatorChannelOf(url)
  const dialect = DIALECTS[name]
  const { judge, maxAlerts, gapMs, avoidsFullHours } = dialect
  const client = openClient({
    limits: SHORT_ANSWER,
    retries: 'unanswered',
    clock,
    ...(connect && { connect }),
  })
  const origin = originOf(url)

  return {
    name,
    maxAlerts,
    gapMs,
    avoidsFullHours,
    /** Sends once and never rejects. */
    post: async (notice: Notice): Promise<ChannelReply> => {
      const { path, headers, body } = rendered(dialect, url, notice, secret ? [secret.reveal()] : [])
      const flat = ['user-agent', userAgent, ...Object.entries(headers).flat()]
      const request = { method: 'POST', path, headers: flat, body } as const
      const { head, body: answer, fault } = await client.send({ key: name, origin }, request, TIMEOUT_MS)
      if (head === null)
        return { kind: 'later', code: fault ? faultName(fault) : 'no answer', detail: '', waitMs: null }
      const waitMs = readRetryAfter(head.headers.get('retry-after') ?? null, clock.now())
      return judge({ status: head.status, waitMs, text: answer.toString('utf8') })
    },
    close: client.close,
  }
}
