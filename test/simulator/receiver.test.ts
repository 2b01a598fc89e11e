import { Webhook } from 'standardwebhooks'
import { request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openReceiver } from '../../src/simulator/receiver.ts'
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
afterAll(() => receiver.close())

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

  test.each([
    ['another secret', headersOf({ secrets: [OLD_SECRET] }), 'no matching signature'],
    ['a changed id', { ...headersOf(), 'webhook-id': 'msg_2' }, 'no matching signature'],
    ['no headers', {}, 'missing headers'],
    ['an old timestamp', headersOf({ at: NOW - 301_000 }), 'timestamp too old or too new'],
    ['a timestamp of the future', headersOf({ at: NOW + 301_000 }), 'timestamp too old or too new'],
  ])('refuses %s', async (_name, headers, reason) => {
    expect(await deliver(headers)).toBe(401)
    expect(receiver.received).toMatchObject([{ verified: reason, status: 401 }])
  })
})

describe('plans', () => {
  test('answers one step a request and then 200', async () => {
    receiver.plan('/hook', [500, 410, 200])
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push(await deliver(headersOf()))
    expect(statuses).toEqual([500, 410, 200, 200])
    expect(receiver.received.map(({ status }) => status)).toEqual([500, 410, 200, 200])
    expect(await deliver(headersOf(), BODY, '/other')).toBe(200)
  })
})
