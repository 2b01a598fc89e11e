import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { MINUTE } from '../../src/core/duration.ts'
import type { Contact } from '../../src/core/operator-channel.ts'
import { createContacts } from '../../src/operator/contacts.ts'
import { openProxy } from '../support/egress-proxy.ts'
import { openAnswering, openRobot, ROBOT_SECRET, type RobotName } from '../support/operator-robots.ts'
import { openSender } from '../support/sender.ts'
import { openNewStore } from '../support/sqlite-template.ts'
import { first, HOOK, openStoreFixture } from '../support/store.ts'

const KEY = /c0ffee00-1111-2222-3333-444455556666|a-key-of-no-robot/
const WHSEC = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
/**
 * At a fixed distance from the full and half hour, when robots are busy, and near the present time: robots refuse a
 * time that is an hour off. The notice comes half an hour later.
 */
const START = Math.floor((Date.now() - 40 * MINUTE) / (30 * MINUTE)) * 30 * MINUTE + 10 * MINUTE

/** By the library that integrators use. */
const verify = (secret: string, { body, headers }: { body: string; headers: unknown }, at: number): unknown => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(at)
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>)
  } finally {
    now.mockRestore()
  }
}

/** A partner whose URLs have failed for half an hour, and a real sender that reaches `server` by any name. */
const openFailing = async (
  server: { url: string; port: number },
  { urls = [HOOK], allow = ['127.0.0.0/8'], ...contact }: Partial<Contact> & { urls?: string[]; allow?: string[] } = {},
) => {
  const clock = { now: START }
  const bench = await openStoreFixture(async () => ({
    store: await openNewStore({ now: () => clock.now, defaultRate: 1_000 }),
    advance: ms => {
      clock.now += ms
    },
  }))
  const proxy = await openProxy(() => server.port)
  const resolve = async () => ({ ok: true as const, addresses: ['127.0.0.1'] })
  const sender = openSender({
    ...{ allow, resolver: { resolve, close: () => {} }, proxy: `http://127.0.0.1:${proxy.port}` },
  })
  onTestFinished(async () => {
    await sender[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await bench.store.close()
  })
  const { store, partnerId } = bench
  const emitted: unknown[] = []
  const contacts = createContacts({ store, sender, emit: (...event) => void emitted.push(event) })
  await store.putContact(partnerId, { url: server.url, secret: null, language: 'en', ...contact })
  const registered: string[] = []
  for (const callbackUrl of urls) {
    registered.push((await bench.resolve({ callbackUrl })).id)
    if (urls.length > 1) await bench.advance(100)
  }
  for (let n = 0; n < 2; n++) {
    await bench.advance(n * MINUTE)
    while ((await bench.deliver(503)) > 0);
  }
  await bench.advance(30 * MINUTE)
  const name = async () => (await store.findPartner(partnerId))?.name
  const tell = async () => {
    const claimed = await store.claimContacts(5)
    for (const one of claimed) await contacts.notify(one)
    return claimed.length
  }
  const recover = async () => {
    await store.resend(partnerId, first(registered))
    await bench.deliver(200)
  }
  return { ...bench, bench, contacts, tell, recover, emitted, proxy, name }
}

describe.each([
  ['wecom', null],
  ['dingtalk', ROBOT_SECRET],
  ['feishu', ROBOT_SECRET],
  ['slack', null],
] as const satisfies [RobotName, string | null][])('a partner’s robot of %s', (name, secret) => {
  const rules = secret === null ? {} : { secret }

  test('is told that a URL fails, and that this is over, signed as the robot wants it', async () => {
    await using robot = await openRobot(name, rules)
    const service = await openFailing(robot, { secret, urls: [`${HOOK}?token=private`] })
    await service.tell()
    expect(robot.texts()).toHaveLength(1)
    const [text = ''] = robot.texts()
    expect(text).toContain('ALERT: callback URL failing')
    expect(text).toContain('partner.example/hook?… (http_503, ')
    expect(text).toContain('What to do: Fix the receiver')
    expect(text).toContain(`idface-notifier · ${await service.name()}`)
    expect(text).not.toMatch(/private|operations\.md|<@|:\/\//)
    await service.advance(MINUTE)
    await service.recover()
    await service.tell()
    expect(robot.texts()[1]).toContain('RESOLVED: callback URL failing')
    expect(JSON.stringify(service.emitted)).not.toMatch(KEY)
  })

  test('gets one digest of 300 URLs that fail, in Chinese where the partner wants that', async () => {
    await using robot = await openRobot(name, rules)
    const urls = Array.from({ length: 300 }, (_, n) => `${HOOK}/${'长'.repeat(50)}/${n}`)
    const service = await openFailing(robot, { secret, urls, language: 'zh' })
    await service.tell()
    await service.advance(MINUTE)
    expect(await service.tell()).toBe(0)
    expect(robot.texts()).toHaveLength(1)
    expect(robot.texts()[0]).toContain('告警：回调地址持续失败（300）')
    expect(robot.texts()[0]).toContain('另有 297 个')
  })

  test('that does not take a message gets it every ten minutes, also if it is set again, and its key is told to nobody', async () => {
    await using robot = await openRobot(name, rules)
    await using unknown = await openRobot(name, { isKnown: false })
    const service = await openFailing({ url: unknown.url, port: robot.port }, { secret })
    for (let n = 0; n < 2; n++) {
      expect(await service.tell()).toBe(1)
      await service.advance(9 * MINUTE)
      expect(await service.tell()).toBe(0)
      await service.advance(MINUTE)
    }
    expect(await service.tell()).toBe(1)
    const refused = await service.contacts.test(service.partnerId, 'msg_1')
    expect(refused).toMatchObject({ outcome: 'rejected', error: expect.any(String) })
    expect(JSON.stringify([service.emitted, refused])).not.toMatch(KEY)
    await service.store.putContact(service.partnerId, { url: robot.url, secret, language: 'zh' })
    expect(await service.contacts.test(service.partnerId, 'msg_2')).toMatchObject({ outcome: 'delivered', error: null })
    expect(robot.texts().at(-1)).toContain('测试')
    expect(await service.tell()).toBe(0)
    await service.advance(10 * MINUTE + 1)
    expect(await service.tell()).toBe(1)
  })
})

describe('a partner’s own URL', () => {
  const openReceiver = (
    answer: (count: number) => { status?: number; body: string; headers?: Record<string, string> },
  ) => openAnswering((_, count) => answer(count))

  test('gets JSON that is verified as its webhooks are, once for a happening, and the same id when it is tried again', async () => {
    await using receiver = await openReceiver(count => ({ status: count === 1 ? 500 : 200, body: '' }))
    const service = await openFailing(receiver)
    await service.tell()
    await service.advance(10 * MINUTE)
    await service.tell()
    expect(await service.tell()).toBe(0)
    const [one, two] = receiver.calls
    const [secret] = await service.store.liveSecrets(service.partnerId)
    const verified = verify(secret?.reveal() ?? '', two as never, service.store.now())
    expect(verified).toMatchObject({
      type: 'callback.failing',
      data: {
        ...{
          subject: HOOK,
          state: 'firing',
          count: 1,
          source: await service.name(),
          sentence: expect.stringContaining(HOOK),
        },
        details: { callbacks: [{ callbackUrl: HOOK, since: new Date(START).toISOString(), lastError: 'http_503' }] },
      },
    })
    expect(one?.headers['webhook-id']).toMatch(/^msg_[0-9A-F]{26}$/)
    expect(two?.headers['webhook-id']).toBe(one?.headers['webhook-id'])
    expect(service.emitted).toMatchObject([
      [expect.any(String), { httpStatus: 500 }],
      [expect.any(String), { httpStatus: 200 }],
    ])
  })

  test('is signed with its own secret, where it has one, and with no other', async () => {
    await using receiver = await openReceiver(() => ({ body: '' }))
    const service = await openFailing(receiver, { secret: WHSEC })
    await service.contacts.test(service.partnerId, 'msg_1')
    const call = first(receiver.calls)
    expect(verify(WHSEC, call, service.store.now())).toMatchObject({ type: 'contact.test' })
    const [secret] = await service.store.liveSecrets(service.partnerId)
    expect(() => verify(secret?.reveal() ?? '', call, service.store.now())).toThrow('No matching signature')
  })

  test('gets one message of each kind, a minute apart, however many URLs it is about', async () => {
    await using receiver = await openReceiver(() => ({ body: '' }))
    const service = await openFailing(receiver, { urls: Array.from({ length: 120 }, (_, n) => `${HOOK}/${n}`) })
    await service.store.disableCallback({ partnerId: service.partnerId, callbackUrl: `${HOOK}/1` })
    for (let n = 0; n < 4; n++) {
      await service.tell()
      await service.advance(MINUTE)
    }
    const told = receiver.calls.map(({ body }) => JSON.parse(body))
    expect(told.map(({ type, data }) => [type, data.count])).toEqual([
      ['callback.failing', 119],
      ['callback.disabled', 1],
    ])
    expect(told[0].data.details.callbacks).toHaveLength(50)
  })

  test('that answers 307 is followed nowhere', async () => {
    const headers = { location: 'http://b.example/' }
    await using receiver = await openReceiver(() => ({ status: 307, body: '', headers }))
    const service = await openFailing(receiver)
    await service.tell()
    await service.advance(10 * MINUTE)
    expect(await service.tell()).toBe(1)
    expect(receiver.calls).toHaveLength(2)
  })

  test('within the network of the service is not connected to, and that is all it learns', async () => {
    await using receiver = await openReceiver(() => ({ body: '' }))
    const service = await openFailing({ port: receiver.port, url: 'http://inside.example/contact' }, { allow: [] })
    expect(await service.contacts.test(service.partnerId, 'msg_1')).toMatchObject({
      ...{ outcome: 'failed', httpStatus: null, error: 'no_response', responseExcerpt: null },
    })
    await service.tell()
    expect(service.emitted).toMatchObject([[expect.any(String), { error: 'no_response' }]])
    expect([receiver.calls, service.proxy.asked]).toEqual([[], []])
  })
})

test('without a contact there is nothing to test', async () => {
  await using robot = await openRobot('slack')
  const service = await openFailing(robot)
  await service.store.putContact(service.partnerId, null)
  expect(await service.contacts.test(service.partnerId, 'msg_1')).toBeNull()
})

test('a text that a robot refuses keeps no later one from being told', async () => {
  let isRefused = true
  await using robot = await openAnswering(() => ({
    body: isRefused ? '{"errcode":430102,"errmsg":"bad words"}' : '{"errcode":0,"errmsg":"ok"}',
  }))
  const service = await openFailing({ port: robot.port, url: 'http://oapi.dingtalk.com/robot/send?access_token=x' })
  await service.tell()
  isRefused = false
  await service.advance(MINUTE)
  expect(await service.tell()).toBe(0)
  await service.recover()
  expect(await service.tell()).toBe(1)
})
