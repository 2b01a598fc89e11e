import { describe, expect, onTestFinished, test } from 'vitest'
import type { Observation } from '../../src/core/alert.ts'
import { yieldToLoop } from '../../src/core/clock.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import type { ChannelReply } from '../../src/operator/dialect.ts'
import type { Notice } from '../../src/operator/notice.ts'
import { createNotifier, fullHourWait } from '../../src/operator/notifier.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { openNewStore } from '../support/sqlite-template.ts'
import { AT, CONTENT, DOWN, TOLD } from './support.ts'

const NO_KEYWORD = { problem: 'keyword', code: 'errcode 310000', detail: 'keywords not in content' } as const
const KEYWORD: ChannelReply = { kind: 'refused', ...NO_KEYWORD }

const open = async ({ start = AT + MINUTE, most = 20 } = {}) => {
  const clock = createFixedClock(start)
  const store = await openNewStore({ now: clock.now, defaultRate: 1 })
  const posted: { at: number; notice: Notice }[] = []
  const emitted: unknown[] = []
  /**
   * `hated`: the subject of an event whose text is refused. `left`: number of webhooks that each partner has not
   * received.
   */
  const state = { answer: TOLD as ChannelReply, first: [] as ChannelReply[], hated: '', left: 1, resent: 0 }
  const notifier = createNotifier({
    store: {
      ...store,
      givenUpOf: async () => ({
        ...{ givenUp: state.left, givenUpIsCapped: false, resent: state.resent, resentIsCapped: false },
      }),
    },
    channel: {
      ...{ name: 'dingtalk', maxAlerts: most, gapMs: MINUTE / 18, avoidsFullHours: true },
      post: async notice => {
        posted.push({ at: clock.now(), notice })
        if (notice.items.some(({ subject }) => subject === state.hated)) return CONTENT
        return state.first.shift() ?? state.answer
      },
    },
    ...{ audience: { language: 'en', consoleUrl: null }, source: 'node-1', clock, random: () => 0.5 },
    emit: (...event) => void emitted.push(event),
  })
  onTestFinished(async () => {
    await notifier.stop()
    await store.close()
  })
  const settle = async () => {
    for (let n = 0; n < 10; n++) await yieldToLoop()
  }
  const advance = async (ms: number) => {
    const step = ms > 10 * MINUTE ? 20 * SECOND : SECOND
    for (let left = ms; left > 0; left -= step) {
      await clock.advance(Math.min(left, step))
      await settle()
    }
  }
  const exhausted = (partnerId: string): Observation => ({
    ...{ condition: 'message.exhausted', subject: partnerId, at: clock.now(), adds: 1 },
    details: { partnerId, host: 'partner.example', error: 'timeout' },
  })
  const note = async (...partnerIds: string[]) => {
    await store.noteAlerts(partnerIds.map(exhausted))
    await advance(SECOND)
  }
  return {
    ...{ state, store, advance, note, emitted, settle },
    subjects: () => posted.map(({ notice }) => notice.items.map(({ subject }) => subject)),
    posted,
    results: () => emitted.flatMap(event => (event as [string, { outcome?: string }])[1].outcome ?? []),
    channelEvents: () =>
      (emitted as [string, object][]).filter(([name]) => name.startsWith('operator_channel')).map(([name]) => name),
  }
}

test('status and readyz called a channel well that took nothing, where that might have passed by itself', async () => {
  const { note, advance, state, store } = await open()
  state.answer = { kind: 'later', code: 'http 400', detail: '', waitMs: null }
  await note('one')
  expect((await store.stats()).refusingChannel).toBeNull()
  await advance(MINUTE)
  expect((await store.stats()).refusingChannel).toMatchObject({
    problem: null,
    error: 'http 400',
    since: expect.any(Number),
  })
  state.answer = TOLD
  await advance(15 * MINUTE)
  expect((await store.stats()).refusingChannel).toBeNull()
})

describe('of webhooks that were given up', () => {
  const told = (posted: readonly { notice: Notice }[]) =>
    posted.flatMap(({ notice }) => notice.items.map(({ state, count, details }) => [state, count, details.left]))

  test('what is left is told, as it is when the message is sent, and when none is', async () => {
    const { state, note, advance, posted } = await open()
    await note('one')
    for (let n = 0; n < 9; n++) await note('one')
    state.left = 6
    await advance(MINUTE)
    await note('one')
    expect(told(posted)).toEqual([
      ['firing', 1, 1],
      ['firing', 1, 1],
    ])
    await advance(HOUR)
    expect(told(posted).slice(2)).toEqual([['firing', 6, 6]])
    await note('one', 'one')
    state.left = 0
    await advance(HOUR + MINUTE)
    expect(told(posted).slice(3)).toEqual([['resolved', 13, undefined]])
    await advance(2 * HOUR)
    expect(posted).toHaveLength(4)
  })

  test('what was resent and has not arrived is told as that, not as the end', async () => {
    const { state, note, advance, posted } = await open()
    Object.assign(state, { left: 0, resent: 4 })
    await note('one')
    await advance(MINUTE)
    expect(posted.flatMap(({ notice }) => notice.items)).toMatchObject([
      { state: 'firing', count: 4, details: { left: 0, resent: 4 } },
    ])
  })

  test('nothing is told where all are delivered before anybody was told, and of the next at once', async () => {
    const { state, note, advance, posted } = await open()
    state.left = 0
    await note('one')
    await advance(MINUTE)
    expect(posted).toEqual([])
    state.left = 2
    await note('one')
    await advance(10 * SECOND)
    expect(told(posted)).toEqual([['firing', 2, 2]])
  })
})

test('a robot gets 18 messages a minute at most, however much there is', async () => {
  const { note, advance, posted } = await open({ most: 1 })
  await note(...Array.from({ length: 100 }, (_, n) => `partner_${n}`))
  await advance(3 * MINUTE)
  const times = posted.map(({ at }) => at)
  for (const at of times) expect(times.filter(time => time >= at && time < at + MINUTE).length).toBeLessThanOrEqual(18)
  expect(times.length).toBeGreaterThan(40)
})

describe('a channel that fails', () => {
  test('is told of once, and that it works again; nothing is lost', async () => {
    const { state, note, advance, subjects, channelEvents, posted } = await open()
    state.answer = DOWN
    await note('one')
    await advance(3 * MINUTE)
    expect(subjects().length).toBeGreaterThan(2)
    expect(channelEvents()).toEqual(['operator_channel.failing'])
    state.answer = TOLD
    await advance(15 * MINUTE)
    expect(channelEvents()).toEqual(['operator_channel.failing', 'operator_channel.back'])
    expect(new Set(posted.map(({ notice }) => notice.id)).size).toBe(1)
    const told = posted.length
    await advance(HOUR)
    expect(posted).toHaveLength(told)
  })

  test('is off after three refusals in a row that will not pass, and says why and what to do', async () => {
    const { state, note, advance, posted, emitted, store } = await open()
    state.answer = KEYWORD
    await note('one')
    await advance(50 * MINUTE)
    expect(posted).toHaveLength(3)
    expect(emitted).toContainEqual([
      'operator_channel.off',
      {
        ...{ channel: 'dingtalk', problem: 'keyword', error: 'errcode 310000', answer: 'keywords not in content' },
        advice: expect.stringContaining('keyword idface-notifier'),
      },
    ])
    const refusing = { channel: 'dingtalk', problem: 'keyword', error: 'errcode 310000' }
    expect((await store.stats()).refusingChannel).toMatchObject(refusing)
  })

  test('is off until it takes the one message that it gets an hour, and then gets the others', async () => {
    const { state, note, advance, subjects, channelEvents, store } = await open()
    state.answer = KEYWORD
    await note('one')
    await advance(30 * MINUTE)
    expect(subjects()).toHaveLength(3)
    await note('two', 'three')
    await advance(HOUR)
    expect(subjects()).toHaveLength(4)
    await advance(HOUR)
    expect(subjects()).toHaveLength(5)
    state.answer = TOLD
    await advance(HOUR + MINUTE)
    expect(subjects().slice(3)).toEqual([['one'], [expect.any(String)], [expect.any(String)], expect.any(Array)])
    expect(subjects().slice(5).flat().toSorted()).toEqual(['one', 'three', 'two'])
    expect(channelEvents()).toEqual(['operator_channel.failing', 'operator_channel.off', 'operator_channel.back'])
    expect((await store.stats()).refusingChannel).toBeNull()
  })

  test('that refuses the text of one event is told all others, and soon', async () => {
    const { state, note, advance, subjects, results, posted } = await open({ most: 200 })
    const names = Array.from({ length: 200 }, (_, n) => `partner_${n}`)
    state.hated = 'partner_77'
    await note(...names)
    await advance(2 * MINUTE)
    const told = subjects().filter(each => !each.includes(state.hated))
    expect(told.flat().toSorted()).toEqual(names.filter(name => name !== state.hated).toSorted())
    expect(results().filter(result => result === 'dropped')).toHaveLength(1)
    const count = posted.length
    await advance(HOUR)
    expect(posted).toHaveLength(count)
  })
})

test.each([
  ['02:59:56', true],
  ['03:00:00', true],
  ['03:00:29', true],
  ['03:00:31', false],
  ['03:30:10', true],
  ['03:14:00', false],
])('at %s robots have no time: %s', (time, isBusy) => {
  const wait = fullHourWait(Date.parse(`2026-11-26T${time}Z`), 0.5)
  expect(wait > 0).toBe(isBusy)
  expect(wait).toBeLessThan(MINUTE)
})
