import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openReceiver } from '../../src/simulator/receiver.ts'
import type { ReceiverAnswer } from '../../src/simulator/receiver-step.ts'
import { agent } from './ask.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const NOW = Date.UTC(2026, 10, 24, 8)
const BODY = '{"type":"idface.succeeded","data":{"registrationId":"reg_1","message":"认证成功"}}'

interface Signed {
  secrets?: string[]
  at?: number
  body?: string
}

const headersOf = ({ secrets = [SECRET], at = NOW, body = BODY }: Signed = {}): Record<string, string> => ({
  'content-type': 'application/json',
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(at / 1_000),
  'webhook-signature': secrets.map(secret => new Webhook(secret).sign('msg_1', new Date(at), body)).join(' '),
  'webhook-attempt': '3',
})

const open = () => openReceiver({ secrets: [SECRET], now: () => NOW })
let receiver: Awaited<ReturnType<typeof open>>

const deliver = async (
  headers: Record<string, string>,
  body: string | Buffer = BODY,
  path = '/hook',
): Promise<number> => {
  const response = await request(receiver.urlFor(path), { method: 'POST', dispatcher: agent, headers, body })
  await response.body.dump()
  return response.statusCode
}

beforeAll(async () => {
  receiver = await open()
})
afterEach(async () => {
  await receiver.close()
  receiver = await open()
})
afterAll(async () => {
  await receiver.close()
  await agent.close()
})

describe('verification', () => {
  test('takes a body that standardwebhooks has signed, and keeps what came', async () => {
    expect(await deliver(headersOf(), BODY, '/hook?x=1')).toBe(200)
    expect(receiver.received).toMatchObject([
      {
        path: '/hook',
        id: 'msg_1',
        attempt: 3,
        type: 'idface.succeeded',
        body: BODY,
        verified: true,
        at: NOW,
        status: 200,
      },
    ])
    expect(receiver.received[0]?.headers['content-type']).toBe('application/json')
  })

  test('refuses a body with any one bit flipped', async () => {
    const bytes = Buffer.from(BODY)
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect(await deliver(headersOf(), flipped)).toBe(401)
    }
    expect(receiver.received.filter(({ verified }) => verified === true)).toEqual([])
  })

  test.each([
    ['another secret', headersOf({ secrets: [OLD_SECRET] }), 'no matching signature'],
    ['a changed id', { ...headersOf(), 'webhook-id': 'msg_2' }, 'no matching signature'],
    ['a changed timestamp', { ...headersOf(), 'webhook-timestamp': String(NOW / 1_000 + 1) }, 'no matching signature'],
    ['no signature', { ...headersOf(), 'webhook-signature': '' }, 'no matching signature'],
    ['no headers', {}, 'missing headers'],
    ['a timestamp that is none', { ...headersOf(), 'webhook-timestamp': '12x' }, 'bad timestamp'],
    ['an old timestamp', headersOf({ at: NOW - 301_000 }), 'timestamp too old or too new'],
    ['a timestamp of the future', headersOf({ at: NOW + 301_000 }), 'timestamp too old or too new'],
  ])('refuses %s', async (_name, headers, reason) => {
    expect(await deliver(headers)).toBe(401)
    expect(receiver.received).toMatchObject([{ verified: reason, status: 401 }])
  })

  test('takes a timestamp up to five minutes off', async () => {
    expect(await deliver(headersOf({ at: NOW - 300_000 }))).toBe(200)
    expect(await deliver(headersOf({ at: NOW + 300_000 }))).toBe(200)
  })

  test('takes either signature while two secrets overlap', async () => {
    const both = headersOf({ secrets: [OLD_SECRET, SECRET] })
    expect(await deliver(both)).toBe(200)
    receiver.trust([OLD_SECRET])
    expect(await deliver(both)).toBe(200)
    expect(await deliver(headersOf())).toBe(401)
  })

  test('holds each path to its own secrets', async () => {
    receiver.trust({ '/a': [SECRET], '/b': [OLD_SECRET] })
    const statuses = await Promise.all(['/a', '/b', '/c'].map(path => deliver(headersOf(), BODY, path)))
    expect(statuses).toEqual([200, 401, 401])
    expect(receiver.receivedAt('/c')).toMatchObject([{ verified: 'no secret for this path' }])
  })
})

describe('plans', () => {
  /** Resolves when the connection is through with this request, however it ended. */
  const post = (
    step: ReceiverAnswer,
  ): Promise<{ status: number | null; length: number; complete: boolean; location?: string }> => {
    receiver.plan('/hook', [step])
    return new Promise(resolve => {
      const call = httpRequest(receiver.urlFor('/hook'), { method: 'POST', agent: false, headers: headersOf() })
      let isAnswered = false
      call.on('error', () => {
        if (!isAnswered) resolve({ status: null, length: 0, complete: false })
      })
      call.on('response', (response: IncomingMessage) => {
        isAnswered = true
        let length = 0
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length > 1_000_000) response.destroy()
        })
        response.on('error', () => {})
        response.on('close', () => {
          const { location } = response.headers
          resolve({
            status: response.statusCode ?? null,
            length,
            complete: response.complete,
            ...(location && { location }),
          })
        })
      })
      call.end(BODY)
    })
  }

  test('answers one step a request and then 200', async () => {
    receiver.plan('/hook', [500, 410, 200])
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push(await deliver(headersOf()))
    expect(statuses).toEqual([500, 410, 200, 200])
    expect(receiver.received.map(({ status }) => status)).toEqual([500, 410, 200, 200])
    expect(await deliver(headersOf(), BODY, '/other')).toBe(200)
  })

  test('never answers 2xx to a bad signature, and keeps to a planned failure', async () => {
    receiver.plan('/hook', [204, 503])
    expect([await deliver({}), await deliver({})]).toEqual([401, 503])
  })

  test.each(['reset', 'end'] as const)('reads the request and gives no answer: %s', async fault => {
    expect(await post({ fault })).toMatchObject({ status: null })
    expect(receiver.received).toMatchObject([{ verified: true, status: null, body: BODY }])
  })

  test('breaks off in the middle of its body', async () => {
    expect(await post({ fault: 'cut' })).toMatchObject({ status: 200, length: 50, complete: false })
  })

  test.each(['hang', 'stall'] as const)('keeps the sender waiting: %s', async fault => {
    receiver.plan('/hook', [{ fault }])
    const seen = receiver.nextDelivery('/hook')
    const call = httpRequest(receiver.urlFor('/hook'), { method: 'POST', agent: false, headers: headersOf() })
    const responded = new Promise<IncomingMessage>(resolve => call.on('response', resolve))
    const failed = new Promise(resolve => call.on('error', resolve))
    call.end(BODY)
    expect(await seen).toMatchObject({ status: fault === 'hang' ? null : 200 })
    if (fault === 'stall') {
      const response = await responded
      response.on('error', () => {})
      expect([response.statusCode, response.complete]).toEqual([200, false])
      call.destroy()
      return
    }
    call.destroy(new Error('given up'))
    expect(await failed).toMatchObject({ message: 'given up' })
  })

  test('announces a delivery before a slow answer', async () => {
    receiver.plan('/hook', [{ delayMs: 60 }])
    const seen = receiver.nextDelivery()
    let isAnswered = false
    const answered = deliver(headersOf()).then(status => {
      isAnswered = true
      return status
    })
    await seen
    expect(isAnswered).toBe(false)
    expect(await answered).toBe(200)
  })

  test('lets a test wait for deliveries', async () => {
    const two = receiver.waitFor(2)
    const failure = receiver.waitFor(all => all.some(({ status }) => status === 500))
    receiver.plan('/hook', [200, 500])
    await deliver(headersOf())
    await deliver(headersOf())
    expect(await two).toHaveLength(2)
    expect(await failure).toHaveLength(2)
    await expect(receiver.waitFor(3, { timeoutMs: 1 })).rejects.toThrow('waited 1 ms for a delivery, have 2')
  })
})
