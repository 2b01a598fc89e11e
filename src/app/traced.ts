import type { Outgoing, Sender, SendResult } from '../callback/sender.ts'
import type { Answer } from '../core/answer.ts'
import type { SpanEnd, Tracer } from '../telemetry/traces/span-tracer.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { PollerDeps } from '../worker/poller.ts'

const OK = 200

const endOfAttempt = (result: SendResult): SpanEnd => {
  if (result.kind === 'failed') return { attributes: {}, error: result.error }
  const { httpStatus } = result
  const attributes = { 'http.response.status_code': httpStatus }
  return { attributes, error: httpStatus >= 200 && httpStatus < 300 ? null : String(httpStatus) }
}

/** Returns a sender that makes a span of each attempt, or the sender itself if there are no traces. */
export const traceAttempts = (sender: Sender, tracer: Tracer | null): Sender => {
  if (!tracer) return sender
  const begin = ({ partnerId, url, headers, traceparent }: Outgoing) => {
    const attempt = Number(headers['webhook-attempt'])
    return tracer.call({
      method: 'POST',
      target: 'webhook',
      url,
      origins: traceparent ? [traceparent] : [],
      attributes: {
        'idface.partner_id': partnerId,
        'idface.message_id': headers['webhook-id'] ?? '',
        'idface.attempt': attempt,
        ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
      },
    })
  }
  return {
    ...sender,
    send: async outgoing => {
      const span = begin(outgoing)
      const result = await sender.send(outgoing)
      span.end(endOfAttempt(result))
      return result
    },
  }
}

/** An answer that says nothing about the serial is an error; an answer by upstream's own code is not. */
const endOfPoll = (answer: Answer): SpanEnd => {
  const answered = { 'idface.answer': answer.kind, ...(answer.code === null ? {} : { 'idface.code': answer.code }) }
  if (answer.kind === 'throttled') return { attributes: answered, error: 'throttled' }
  if (answer.kind !== 'transient') return { attributes: { ...answered, 'http.response.status_code': OK }, error: null }
  if (answer.cause !== 'http_status') return { attributes: answered, error: answer.cause }
  const status = Number(answer.detail)
  return { attributes: { ...answered, 'http.response.status_code': status }, error: String(status) }
}

/** Returns the upstream of a poller, which makes a span of each poll if there are traces. */
export const tracePolls = (
  upstream: Pick<Upstream, 'ask'>,
  { tracer, method, url }: { tracer: Tracer | null; method: string; url: string },
): PollerDeps['upstream'] => {
  if (!tracer) return { ask: (account, { idcardid }) => upstream.ask(account, idcardid) }
  return {
    ask: async (account, { id, polls, idcardid, traceparents }) => {
      const span = tracer.call({
        method,
        target: 'GetResult',
        url,
        origins: traceparents,
        attributes: { 'idface.account_id': account.id, 'idface.verification_id': id, 'idface.poll': polls + 1 },
      })
      const answer = await upstream.ask(account, idcardid)
      span.end(endOfPoll(answer))
      return answer
    },
  }
}
