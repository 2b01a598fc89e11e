import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import { CLIENT, type CollectedSpan, ERROR_STATUS, openCollector, SERVER } from '../support/collector.ts'
import type { Environment } from '../support/service.ts'
import { openStage } from './stage.ts'

const SECOND = 1_000
const CALLERS = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const TRACEPARENT = `00-${CALLERS.traceId}-${CALLERS.spanId}-01`

/** A stage whose spans go to a collector. */
const openTraced = async (settings: Environment = {}) => {
  await using stack = new AsyncDisposableStack()
  const collector = stack.use(await openCollector())
  const stage = stack.use(await openStage({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...settings }))
  const opened = stack.move()
  const post = async <Body>(path: string, body: unknown, traceparent = TRACEPARENT): Promise<Body> => {
    const response = await fetch(stage.service.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stage.partner.apiKey}`,
        'content-type': 'application/json',
        traceparent,
        tracestate: 'vendor=secret',
        baggage: 'user=somebody',
      },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Body
  }
  stage.upstream.script('one', { status: 'SUCCESS' })
  const callbackUrl = stage.receiver.urlFor('/hook?token=hidden')
  return {
    ...stage,
    collector,
    post,
    callbackUrl,
    registerTraced: (idcardid: string, traceparent?: string) =>
      post<RegistrationAnswer>('/v1/registrations', { idcardid, callbackUrl }, traceparent),
    /** After the flush of a stop. */
    stopped: async () => {
      await stage.service.stop()
      const of = (name: string) => collector.named(name)
      const [request] = of('POST /v1/registrations')
      return { request: request as CollectedSpan, polls: of('POST GetResult'), attempts: of('POST webhook') }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const linkTo = ({ traceId, spanId }: CollectedSpan) => [{ traceId, spanId }]

test('a request, a poll and an attempt are a trace each, by the HTTP conventions, linked to the registration', async () => {
  await using traced = await openTraced()
  const { upstream, receiver } = traced
  upstream.script('one', { steps: [{ http: 502 }, { status: 'ING' }], status: 'SUCCESS' })
  receiver.plan('/hook', [500])
  const { id } = await traced.registerTraced('one')
  await traced.delivery(id, 2)
  const { request, polls, attempts } = await traced.stopped()

  expect(request).toMatchObject({ kind: SERVER, links: [CALLERS] })
  expect(request.parentSpanId).toBeUndefined()
  expect(request.attributes).toEqual({
    'http.request.method': 'POST',
    'http.response.status_code': 201,
    'http.route': '/v1/registrations',
    'idface.partner_id': traced.partner.partnerId,
    'url.path': '/REDACTED',
    'url.scheme': 'http',
  })
  const [bad, waiting, good] = polls
  expect(polls).toHaveLength(3)
  expect(bad).toMatchObject({ status: { code: ERROR_STATUS }, attributes: { 'error.type': '502' } })
  expect(waiting?.attributes).toEqual({
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'idface.account_id': expect.stringMatching(/^acc_/),
    'idface.answer': 'waiting',
    'idface.code': 2,
    'idface.poll': 2,
    'idface.verification_id': 1,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(upstream.url).port),
    'url.full': `${new URL(upstream.url).origin}/REDACTED`,
  })
  expect(good?.attributes).toMatchObject({ 'idface.answer': 'verdict' })
  const [failed, delivered] = attempts
  expect(attempts).toHaveLength(2)
  expect(failed).toMatchObject({ status: { code: ERROR_STATUS }, attributes: { 'http.response.status_code': 500 } })
  expect(delivered?.status.code).not.toBe(ERROR_STATUS)
  expect(delivered?.attributes).toEqual({
    'http.request.method': 'POST',
    'http.request.resend_count': 1,
    'http.response.status_code': 200,
    'idface.attempt': 2,
    'idface.message_id': id.replace('reg_', 'msg_'),
    'idface.partner_id': traced.partner.partnerId,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(receiver.url).port),
    'url.full': `${receiver.url}/REDACTED`,
  })
  const calls = [...polls, ...attempts]
  for (const call of calls) expect(call).toMatchObject({ kind: CLIENT, links: linkTo(request) })
  expect(calls.filter(call => call.parentSpanId)).toEqual([])
  expect(new Set([request, ...calls].map(({ traceId }) => traceId)).size).toBe(6)
})

test('neither a partner nor upstream gets a header of a trace', async () => {
  const asked: IncomingHttpHeaders[] = []
  const upstream = createServer((request, response) => {
    asked.push(request.headers)
    request.resume().on('end', () => response.end('{"code":2,"result":{"status":"SUCCESS"}}'))
  })
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void upstream.close())
  const { port } = upstream.address() as AddressInfo
  await using traced = await openTraced({ IHUYI_URL: `http://127.0.0.1:${port}/GetResult.json` })
  const { id } = await traced.registerTraced('one')
  const { headers } = await traced.delivery(id)
  expect(asked).toHaveLength(1)
  const foreign = [headers, ...asked].flatMap(one => Object.keys(one)).filter(name => /trace|baggage|b3/.test(name))
  expect(foreign).toEqual([])
})

test.each([
  ['that hangs', null],
  ['that is overloaded', 503],
])('a collector %s holds up neither a webhook nor, for more than 2 s, a stop', async (_, status) => {
  await using traced = await openTraced()
  const { collector, service } = traced
  collector.answerWith(status)
  const { id } = await traced.registerTraced('one')
  await traced.delivery(id)
  const startedAt = performance.now()
  await service.stop()
  const tookMs = performance.now() - startedAt
  expect(tookMs).toBeLessThan(6 * SECOND)
})
