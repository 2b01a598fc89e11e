import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { openAnswering, openRobot, ROBOT_SECRET, type RobotName } from '../support/operator-robots.ts'
import { AT, CONSOLE_URL, channelTo, exhausted, linked, noticeOf, PAUSED } from './support.ts'

const NAMES: readonly RobotName[] = ['wecom', 'dingtalk', 'feishu', 'slack']

describe.each(NAMES)('%s', name => {
  test('is told what has happened, since when, and what to do', async () => {
    await using robot = await openRobot(name)
    using channel = channelTo(robot)
    expect(channel.name).toBe(name)
    expect(await channel.post(noticeOf([PAUSED]))).toEqual({ kind: 'told' })
    const [text] = robot.texts()
    expect(text).toContain('idface-notifier: ALERT: upstream account paused')
    expect(text).toContain('since 2026-11-26 03:04:05 UTC')
    expect(text).toContain("What to do: 1. Open the account's page in the console")
    expect(text).toMatch(/^\W*2\. For the account of IHUYI_ACCOUNT/m)
    expect(text).toMatch(/^\W*idface-notifier account resume C12345678\W*$/m)
    expect(text).toContain('“account.paused” on the page Operations')
    // A link that a reader cannot click is left out.
    expect(text).not.toMatch(/docs\/|#account/)
  })

  test('gets a whole link to the console instead, whatever a partner has given', async () => {
    await using robot = await openRobot(name)
    using channel = channelTo(robot)
    const evil = exhausted('partner_1', '[pay](https://evil.example)'.repeat(2_000))
    const url = `${CONSOLE_URL}/registrations?partner=partner_1&delivery=exhausted`
    const link =
      name === 'slack' ? `<${url.replace('&', '&amp;')}|Open in the console>` : `[Open in the console](${url})`
    for (const events of [[evil], [evil, exhausted('partner_2')]]) {
      expect(await channel.post(linked(events))).toEqual({ kind: 'told' })
      const text = robot.texts().at(-1) ?? ''
      expect(text).toContain(`\n\n${link} · partner_1\n`)
      expect(text).not.toContain('on the page Operations')
      expect(text).not.toContain('://evil')
    }
  })

  test.each(['en', 'zh'] as const)('takes a digest of very many long events (%s)', async language => {
    await using robot = await openRobot(name)
    using channel = channelTo(robot)
    const events = Array.from({ length: 60 }, (_, n) =>
      exhausted(`partner_${n}`, `${'很长的主机名'.repeat(200)}.example`, n + 2),
    )
    expect(await channel.post(noticeOf(events, language))).toEqual({ kind: 'told' })
    expect(robot.texts()[0]).toContain('message.exhausted')
    expect(robot.texts()[0]).not.toContain('\ufffd')
  })

  test('gets no mention, link or markup from what a partner has given', async () => {
    await using robot = await openRobot(name)
    using channel = channelTo(robot)
    const evil = '<@all> <at id=all></at> <!here> @everyone [pay](https://evil.example) **now** `x`\n# h\u202e'
    expect(await channel.post(noticeOf([exhausted('partner_1', evil)]))).toEqual({ kind: 'told' })
    const [text = ''] = robot.texts()
    expect(text).not.toMatch(/<@|<at|<!|@|\]\(|:\/\/|\*\*now|`|\n# h|\u202e/)
    expect(text).toContain('＜＠all＞')
  })

  test('is not known, and nothing will mend that by itself', async () => {
    await using robot = await openRobot(name, { isKnown: false })
    using channel = channelTo(robot)
    expect(await channel.post(noticeOf([PAUSED]))).toMatchObject({ kind: 'refused', problem: 'key' })
  })

  test.each([
    ['a page', (path: string) => `<p>The requested URL ${path} was not found on this server.</p>`],
    ['JSON', (path: string) => JSON.stringify({ path, msg: path, errmsg: path })],
  ])('whose place %s has taken that repeats the path does not have its key in the log', async (_, answer) => {
    await using proxy = await openAnswering(({ url }) => ({ status: 404, body: answer(url.pathname + url.search) }))
    await using robot = await openRobot(name)
    using channel = channelTo({ ...proxy, url: robot.url })
    expect(await channel.post(noticeOf([PAUSED]))).toMatchObject({ kind: 'refused', code: 'http 404', detail: '' })
  })

  test('behind a gateway that answers in its form, and repeats the path, does not have its key in the log', async () => {
    const told = (path: string) => `no route for ${path} (key ${path.split(/[/=]/).at(-1)}), 没有此路由：${path}。`
    await using gateway = await openAnswering(({ url }) => {
      const text = told(url.pathname + url.search)
      return { status: 404, body: JSON.stringify({ errcode: 404, code: 404, errmsg: text, msg: text }) }
    })
    await using robot = await openRobot(name)
    using channel = channelTo({ ...gateway, url: robot.url })
    const answer = await channel.post(noticeOf([PAUSED]))
    const key = new URL(robot.url).pathname.split('/').at(-1) ?? ''
    for (const secret of ['c0ffee00', '/send', '/hook', 'key=', key])
      expect(JSON.stringify(answer)).not.toContain(secret)
    if (name !== 'slack')
      expect(answer).toMatchObject({ detail: expect.stringMatching(/^no route for \[…\].*没有此路由/) })
  })
})

describe.each(['dingtalk', 'feishu'] as const)('%s with a secret', name => {
  test.each([
    ['another secret', 'SECother', Date.now()],
    ['no secret', null, Date.now()],
    ['a clock that is hours off', ROBOT_SECRET, Date.now() - 120 * MINUTE],
  ])('refuses what is signed with %s', async (_, secret, at) => {
    await using robot = await openRobot(name, { secret: ROBOT_SECRET })
    using channel = channelTo(robot, secret)
    expect(await channel.post(noticeOf([PAUSED], 'en', at))).toMatchObject({ kind: 'refused', problem: 'signature' })
  })
})

/** Computed with Python's hmac, by the makers' descriptions. */
test('signatures are those of another implementation', async () => {
  const at = 1_764_126_245_000
  await using dingtalk = await openAnswering(() => ({ body: '{"errcode":0}' }))
  using toDingtalk = channelTo({ ...dingtalk, url: 'http://oapi.dingtalk.com/robot/send?access_token=t' }, ROBOT_SECRET)
  await toDingtalk.post(noticeOf([PAUSED], 'en', at))
  expect(dingtalk.calls[0]?.url.search).toBe(
    '?access_token=t&timestamp=1764126245000&sign=7wFmOwcx7uG3fKzl9wNB2FFft3mqPOuNE%2FTjS%2Bd69Fk%3D',
  )
  await using feishu = await openAnswering(() => ({ body: '{"code":0}' }))
  using toFeishu = channelTo({ ...feishu, url: 'http://open.larksuite.com/open-apis/bot/v2/hook/t' }, ROBOT_SECRET)
  await toFeishu.post(noticeOf([PAUSED], 'en', at))
  expect(JSON.parse(feishu.calls[0]?.body ?? '')).toMatchObject({
    timestamp: '1764126245',
    sign: '6JAtkKckcA2PJEWZPZMA5GeyDy9BNQqWdmC42kFTB0E=',
  })
})

describe('any other receiver', () => {
  const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

  test('gets a Standard Webhook', async () => {
    await using receiver = await openAnswering(() => ({ status: 204, body: '' }))
    using channel = channelTo(receiver, SECRET)
    expect(channel).toMatchObject({ name: 'webhook', maxAlerts: 1 })
    expect(await channel.post(noticeOf([{ ...PAUSED, count: 3 }]))).toEqual({ kind: 'told' })
    const [call] = receiver.calls
    expect(call?.url.pathname + (call?.url.search ?? '')).toBe('/alerts?team=7')
    const verified = new Webhook(SECRET).verify(call?.body ?? '', call?.headers as Record<string, string>)
    expect(verified).toEqual({
      type: 'account.paused',
      timestamp: expect.any(String),
      data: {
        ...{ subject: 'C12345678', state: 'firing', since: new Date(AT).toISOString(), count: 3, source: 'node-1' },
        details: {
          code: 'account_paused',
          since: new Date(AT).toISOString(),
          account: 'C12345678',
          reason: 'credentials_wrong',
          upstreamCode: 405,
          nextTryAt: null,
        },
        headline: 'ALERT: upstream account paused (3 occurrences)',
        sentence: expect.stringContaining('Account C12345678 has been paused since'),
        remedy: expect.stringMatching(/enter the right APIKEY and save[\s\S]*\n\$ /),
        runbook: 'docs/operations.md#account.paused',
      },
    })
  })

  test('gets the page of the console beside the runbook', async () => {
    await using receiver = await openAnswering(() => ({ body: '' }))
    using channel = channelTo(receiver)
    await channel.post(linked([PAUSED]))
    expect(JSON.parse(receiver.calls[0]?.body ?? '').data).toMatchObject({
      page: `${CONSOLE_URL}/accounts/C12345678`,
      runbook: 'docs/operations.md#account.paused',
    })
  })

  test('had times of details as numbers, where all others are ISO 8601', async () => {
    await using receiver = await openAnswering(() => ({ body: '' }))
    using channel = channelTo(receiver)
    const paused = { ...PAUSED.details, nextTryAt: AT + SECOND }
    const disabled = { partnerId: 'par_1', host: 'h', since: AT, error: 'timeout' }
    await channel.post(noticeOf([{ ...PAUSED, details: paused } as typeof PAUSED]))
    await channel.post(noticeOf([{ ...PAUSED, condition: 'callback.disabled', details: disabled }]))
    const [first, second] = receiver.calls.map(({ body }) => JSON.parse(body).data.details)
    const [since, later] = [new Date(AT).toISOString(), new Date(AT + SECOND).toISOString()]
    expect(first).toMatchObject({ since, nextTryAt: later, upstreamCode: 405 })
    expect(second).toMatchObject({ since })
  })

  test.each([
    [401, {}, { kind: 'refused', problem: 'signature' }],
    [404, {}, { kind: 'refused', problem: 'key' }],
    [302, {}, { kind: 'refused', problem: 'key' }],
    [400, {}, { kind: 'later', waitMs: null }],
    [422, {}, { kind: 'later', waitMs: null }],
    [429, { 'retry-after': '7' }, { kind: 'later', waitMs: 7 * SECOND }],
    [503, {}, { kind: 'later', waitMs: null }],
  ])('that answers %i', async (status, headers, expected) => {
    await using receiver = await openAnswering(() => ({ status, headers, body: 'a page' }))
    using channel = channelTo(receiver)
    expect(await channel.post(noticeOf([PAUSED]))).toMatchObject({ ...expected, code: `http ${status}`, detail: '' })
  })
})
