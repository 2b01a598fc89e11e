import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  type WebhookEvent,
  type WebhookHandlerOptions,
  WebhookVerificationError,
  webhookHandler,
} from '../../src/webhook/index.ts'
import { MOUNTS, openServer, parsedBefore } from './mounts.ts'
import { BODY, FOREIGN, listen, SECRET, webhook } from './support.ts'

describe.each(Object.entries(MOUNTS))('a handler in %s', (_name, mount) => {
  const statusOf = async (url: string, init: RequestInit) => (await fetch(url, init)).status

  test('answers 204 once onEvent has the event, and 500 if that fails, so that it comes again', async () => {
    const events: WebhookEvent[] = []
    const errors: unknown[] = []
    const onEvent = (event: WebhookEvent) => {
      if (events.push(event) === 2) throw new Error('the database is down')
    }
    await using server = await openServer(
      mount(webhookHandler({ secret: SECRET, onEvent, onError: e => errors.push(e) })),
    )
    expect(await statusOf(server.url, webhook())).toBe(204)
    expect(events).toEqual([{ ...JSON.parse(BODY), id: 'msg_01' }])
    expect(await statusOf(server.url, webhook())).toBe(500)
    expect(errors).toEqual([new Error('the database is down')])
    expect(await statusOf(server.url, webhook())).toBe(204)
  })

  test('refuses a changed byte, another secret, an old time, and what is no webhook', async () => {
    const { handler, events, errors } = listen()
    await using server = await openServer(mount(handler))
    const good = webhook()
    expect(await statusOf(server.url, { ...good, body: BODY.replace('SUCCESS', 'SUCCESs') })).toBe(401)
    expect(await statusOf(server.url, { ...good, body: `${BODY}\n` })).toBe(401)
    expect(await statusOf(server.url, webhook({ secret: FOREIGN }))).toBe(401)
    expect(await statusOf(server.url, webhook({ at: Date.now() - 360_000 }))).toBe(401)
    expect(
      await statusOf(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    ).toBe(400)
    expect(await statusOf(server.url, webhook({ body: '[]' }))).toBe(400)
    expect(events).toEqual([])
    expect(errors.map(error => error instanceof WebhookVerificationError && error.code)).toEqual([
      'no_matching_signature',
      'no_matching_signature',
      'no_matching_signature',
      'timestamp_too_old',
      'missing_header',
      'invalid_payload',
    ])
  })

  test('reads 64 KiB and no more', async () => {
    const { handler, events } = listen()
    await using server = await openServer(mount(handler))
    const sized = (size: number) => webhook({ body: `{"type":"idface.test","pad":"${'x'.repeat(size - 31)}"}` })
    expect(await statusOf(server.url, sized(65_536))).toBe(204)
    expect(events).toHaveLength(1)
    expect(await statusOf(server.url, sized(65_537))).toBe(413)
    expect(events).toHaveLength(1)
  })
})

test('asks for a POST', async () => {
  const { handler, post } = listen()
  expect(await post({ method: 'GET' })).toEqual([405, 'webhooks are POSTed here'])
  await using server = await openServer(handler)
  const response = await fetch(server.url)
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
})

test('leaves out a type that is not known here, so that a new one of the service does no harm', async () => {
  const { post, events, errors } = listen()
  expect(await post(webhook({ body: '{"type":"idface.new","data":{}}' }))).toEqual([204, ''])
  expect([events, errors]).toEqual([[], []])
})

describe('a body that somebody has read before', () => {
  test('is told of with ways that work, by a JSON parser of Express, though a raw one follows it', async () => {
    const { handler, errors } = listen()
    await using server = await openServer(parsedBefore(handler))
    const response = await fetch(server.url, webhook())
    expect(response.status).toBe(500)
    expect(await response.text()).toMatch(/mount it before any body parser, .*express\.json\(\{ verify: .*rawBody/)
    expect(errors).toEqual([expect.any(TypeError)])
  })

  test('is told of where Fetch has it', async () => {
    const { handler } = listen()
    const request = new Request('https://partner.example/hook', webhook())
    await request.json()
    expect((await handler(request)).status).toBe(500)
  })
})

test('outlives a caller that goes away in the middle of the body', async () => {
  const { handler, events } = listen()
  const arrived = Promise.withResolvers<void>()
  const handled = Promise.withResolvers<void>()
  await using server = await openServer((request, response) => {
    handler(request, response).then(handled.resolve, handled.reject)
    arrived.resolve()
  })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write('POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{')
  await arrived.promise
  socket.destroy()
  await handled.promise
  expect((await fetch(server.url, webhook())).status).toBe(204)
  expect(events).toHaveLength(1)
})

test.each([
  [undefined, /^webhookHandler takes an object with the options secret, secrets, /],
  [{ onEvent: () => {} }, /^webhookHandler: secret is missing; it is the signing secret, whsec_…/],
  [{ secret: SECRET }, /^webhookHandler: onEvent must be a function, and is missing$/],
  [{ secret: 'ifn_hunter2', onEvent: () => {} }, /^webhookHandler: secret is an API key/],
  [{ secret: [SECRET], onEvent: () => {} }, /^webhookHandler: secret must be a string, and is an array$/],
  [{ secret: SECRET, secrets: SECRET, onEvent: () => {} }, /^webhookHandler: give secret or secrets, not both$/],
  [
    { secret: SECRET, onEvent: () => {}, seen: {} },
    /^webhookHandler: seen must have the methods has\(id\) and add\(id\)/,
  ],
  [{ secret: SECRET, onEvent: () => {}, seen: null }, /^webhookHandler: seen must have the methods/],
  [{ secret: SECRET, onEvent: () => {}, onError: 1 }, /^webhookHandler: onError must be a function/],
  [{ secret: SECRET, onEvent: () => {}, toleranceSeconds: '5m' }, /^webhookHandler: toleranceSeconds must be a number/],
  [{ secret: SECRET, onevent: () => {} }, /^webhookHandler has no option onevent: it takes secret, secrets, /],
])('is not made with %o, and the error names the option', (options, message) => {
  const make = () => webhookHandler(options as WebhookHandlerOptions)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
  expect(make).not.toThrow('hunter2')
})
