import fc from 'fast-check'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { clock } from '../../../src/app/clock-and-ids.ts'
import { traceAttempts, tracePolls } from '../../../src/app/traced.ts'
import type { Outgoing, SendResult } from '../../../src/callback/sender.ts'
import type { Answer } from '../../../src/core/answer.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { ApiEnv } from '../../../src/http/api-env.ts'
import { createRequestSpan } from '../../../src/http/frame.ts'
import type { ClaimedAccount } from '../../../src/store/accounts/rows.ts'
import type { ClaimedVerification } from '../../../src/store/verifications/verification.ts'
import { openSdk } from '../../../src/telemetry/traces/sdk.ts'
import { openCollector } from '../../support/collector.ts'

/** Each begins with a mark of its own, so that none is in a span by chance. */
const hidden = fc.stringMatching(/^[0-9A-Za-z_-]{1,40}$/).map(text => `hidden_${text}`)
const scene = fc.record({
  serial: hidden,
  apiId: hidden,
  secret: hidden,
  score: hidden,
  status: hidden,
  excerpt: hidden,
  path: hidden,
  query: hidden,
  user: hidden,
  header: hidden,
  detail: hidden,
})
type Scene = typeof scene extends fc.Arbitrary<infer Value> ? Value : never

const answersOf = ({ score, status, detail }: Scene): Answer[] => [
  { kind: 'verdict', code: 2, verdict: { status: 'FAIL', message: status, livingScore: score, similarity: score } },
  { kind: 'waiting', code: 2, status },
  { kind: 'unknown_status', code: 2, status },
  { kind: 'not_found', code: 4061 },
  { kind: 'transient', code: null, cause: 'http_status', detail: '502' },
  { kind: 'transient', code: null, cause: 'unreachable', detail },
  { kind: 'throttled', code: null, retryAfterMs: 5 },
  { kind: 'account', code: 405, fault: 'credentials_wrong' },
]

const resultsOf = ({ detail, excerpt }: Scene): SendResult[] => [
  { kind: 'answered', httpStatus: 200, retryAfter: detail, excerpt, durationMs: 1 },
  { kind: 'answered', httpStatus: 500, retryAfter: null, excerpt, durationMs: 1 },
  { kind: 'failed', error: 'dns', detail, durationMs: 1 },
]

const accountOf = ({ apiId, secret }: Scene) =>
  ({ id: 'acc_1', apiId, apiKey: new Secret(secret), passwordMode: 'static' }) as ClaimedAccount
const verificationOf = ({ serial, status }: Scene) =>
  ({
    id: 7,
    polls: 0,
    idcardid: serial,
    rawStatus: status,
    traceparents: [] as string[],
  }) as unknown as ClaimedVerification

const outgoingOf = ({ serial, secret, path, query, user }: Scene): Outgoing => ({
  partnerId: 'ptn_1',
  url: `https://${user}:${secret}@partner.example:8443/${path}/${serial}?${query}=${serial}#${path}`,
  headers: {
    'webhook-id': 'msg_1',
    'webhook-attempt': '2',
    'webhook-signature': `v1,${secret}`,
    authorization: secret,
  },
  body: JSON.stringify({ serial }),
  traceparent: null,
})

test('no span has a serial, a secret, a score, a query, a path, a header or a text of the other side', async () => {
  await using collector = await openCollector()
  const told: string[] = []
  const { tracer, close } = openSdk({
    endpoint: collector.url,
    version: '1.2.3',
    sleep: clock.sleep,
    emit: (...[name]) => void told.push(name),
  })
  const api = new Hono<ApiEnv>()
  api.use(createRequestSpan(tracer))
  api.use(async (c, next) => {
    c.set('partnerId', 'ptn_1')
    await next()
  })
  api.get('/v1/registrations/:id', c => c.text('ok'))
  const upstreamUrl = ({ user, secret, path, query }: Scene) => `https://${user}:${secret}@api.example/${path}?${query}`

  let made = 0
  await fc.assert(
    fc.asyncProperty(scene, async drawn => {
      const { serial, query, path, header, secret } = drawn
      for (const answer of answersOf(drawn)) {
        const upstream = { ask: async () => answer }
        const polls = tracePolls(upstream, { tracer, method: 'POST', url: upstreamUrl(drawn) })
        await polls.ask(accountOf(drawn), verificationOf(drawn))
        made++
      }
      for (const result of resultsOf(drawn)) {
        const sender = { send: async () => result, close: () => {}, certificateEnds: new Map() }
        await traceAttempts(sender, tracer).send(outgoingOf(drawn))
        made++
      }
      const headers = {
        traceparent: header,
        tracestate: header,
        authorization: `Bearer ${secret}`,
        'x-request-id': header,
      }
      for (const at of [`/v1/registrations/${serial}?${query}`, `/${path}`, `/v1/${path}/${serial}`]) {
        await api.request(at, { headers })
        made++
      }
    }),
    { numRuns: 100 },
  )
  await close(5_000)
  expect(told).toEqual([])
  expect(collector.spans).toHaveLength(made)
  expect(collector.requests.map(({ body }) => /hidden_[\w-]*/.exec(body)?.[0])).toEqual(
    collector.requests.map(() => undefined),
  )
})
