import { describe, expect, onTestFinished, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { ALL_SERIES, type HistoryCounts, noCounts, type Series } from '../../src/core/history.ts'
import type { Language } from '../../src/core/language.ts'
import { createDaily } from '../../src/operator/daily.ts'
import type { ChannelReply } from '../../src/operator/dialect.ts'
import type { Notice } from '../../src/operator/notice.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { openAnswering, openRobot, type RobotName } from '../support/operator-robots.ts'
import { openNewStore } from '../support/sqlite-template.ts'
import { CONSOLE_URL, CONTENT, channelTo, DOWN, TOLD } from './support.ts'

/** In Beijing, two minutes before nine. */
const START = Date.parse('2026-12-02T00:58:00Z')

const open = async ({ language = 'zh' as Language, avoidsFullHours = false } = {}) => {
  const clock = createFixedClock(START)
  const store = await openNewStore({ now: clock.now, defaultRate: 1 })
  onTestFinished(() => store.close())
  const state = { answer: TOLD as ChannelReply, posted: [] as Notice[] }
  const post = async (notice: Notice) => {
    state.posted.push(notice)
    return state.answer
  }
  const certificateEnds = new Map<string, number>()
  /** `channel`: by default one that gives `state.answer`. */
  const node = (channel = { avoidsFullHours, post }) =>
    createDaily({
      ...{ store, channel, certificateEnds, daily: '09:00', source: 'node-1', emit: () => {} },
      audience: { language, consoleUrl: CONSOLE_URL },
    })
  const add = (at: string, series: Partial<Series>, counts: Partial<HistoryCounts>) =>
    store.addHistory('node_a', {
      at: Date.parse(at),
      entries: [{ ...ALL_SERIES, ...series, ...noCounts(), ...counts }],
    })
  return { clock, store, state, node, add, certificateEnds }
}

describe('the daily message', () => {
  test('goes out once, at its time, whichever node sends it, also after a restart', async () => {
    const { clock, state, node } = await open()
    const nodes = [node(), node()]
    const check = async () => Promise.all(nodes.map(one => one.check()))
    await check()
    expect(state.posted).toHaveLength(0)
    await clock.advance(2 * MINUTE)
    await check()
    await check()
    nodes.push(node())
    await clock.advance(10 * HOUR)
    await check()
    expect(state.posted).toMatchObject([{ id: 'op_daily_2026-12-01' }])
    await clock.advance(DAY - 10 * HOUR)
    await check()
    expect(state.posted).toMatchObject([{}, { id: 'op_daily_2026-12-02' }])
  })

  test('that was not accepted is sent again, but not one whose text is refused', async () => {
    const { clock, state, node } = await open()
    const one = node()
    state.answer = DOWN
    await clock.advance(2 * MINUTE)
    await one.check()
    await one.check()
    expect(state.posted).toHaveLength(1)
    state.answer = CONTENT
    await clock.advance(10 * MINUTE)
    await one.check()
    await clock.advance(10 * MINUTE)
    await one.check()
    expect(state.posted).toHaveLength(2)
  })

  test('is late by half a minute where robots refuse at the full hour', async () => {
    const { clock, state, node } = await open({ avoidsFullHours: true })
    const one = node()
    await clock.advance(2 * MINUTE)
    await one.check()
    expect(state.posted).toHaveLength(0)
    await clock.advance(30 * SECOND)
    await one.check()
    expect(state.posted).toHaveLength(1)
  })

  test('has the figures of the day before in the zone of its reader, and what is wrong now', async () => {
    const { clock, store, state, node, add, certificateEnds } = await open()
    await add('2026-11-30T15:59:00Z', {}, { registrations: 1_000 })
    await add('2026-11-30T16:00:00Z', {}, { registrations: 2, succeeded: 1, failed: 1 })
    await add('2026-12-01T15:59:00Z', {}, { delivered: 4, arrived50: 3, arrivedOver: 1, failedAttempts: 2, polls: 1 })
    await add('2026-12-01T16:00:00Z', {}, { registrations: 1_000 })
    const of = (partnerId: string, host: string) => ({ partnerId, host })
    await add('2026-12-01T03:00:00Z', of('par_1', 'slow.example'), { delivered: 1, arrived5000: 1 })
    await add('2026-12-01T03:00:00Z', of('par_1', 'shared.example'), { failedAttempts: 2, arrived50: 1, delivered: 1 })
    await add('2026-12-01T03:00:00Z', of('par_2', 'shared.example'), { failedAttempts: 3, givenUp: 1 })
    await clock.advance(2 * MINUTE)
    certificateEnds.set('later.example', clock.now() + 20 * DAY)
    certificateEnds.set('soon.example', clock.now() + 3 * DAY)
    certificateEnds.set('ended.example', clock.now() - DAY)
    await store.holdDeliveries()
    await node().check()
    expect(state.posted[0]?.items).toMatchObject([
      {
        ...{ type: 'operator.daily', subject: '2026-12-01', state: 'firing', page: CONSOLE_URL },
        since: Date.parse('2026-11-30T16:00:00Z'),
        details: {
          registrations: 2,
          verdicts: { succeeded: 1, failed: 1, unresolved: 0, cancelled: 0 },
          webhooks: { delivered: 4, within5s: 3, failedAttempts: 2, givenUp: 0 },
          slowest: { host: 'slow.example' },
          failing: [{ host: 'shared.example', webhooks: { failedAttempts: 5, givenUp: 1 } }],
          troubles: [expect.any(String)],
          lastBackupAt: null,
          certificates: [{ host: 'soon.example', endsAt: new Date(clock.now() + 3 * DAY).toISOString() }],
        },
      },
    ])
  })

  test.each(['wecom', 'dingtalk', 'feishu', 'slack'] satisfies RobotName[])(
    'of a quiet day is taken by %s',
    async name => {
      const { clock, node, certificateEnds } = await open({ language: 'en' })
      await clock.advance(8 * HOUR + 2 * MINUTE)
      for (let n = 0; n < 30; n++)
        certificateEnds.set(`${'very-long-label.'.repeat(14)}example:${n}`, clock.now() + DAY)
      await using robot = await openRobot(name)
      using channel = channelTo(robot)
      await node({ ...channel, avoidsFullHours: false }).check()
      const [text = ''] = robot.texts()
      expect(text).toContain('2026-12-01')
      expect(text).toContain('Nothing is wrong.')
      expect(text).toContain(CONSOLE_URL)
    },
  )

  test('is a Standard Webhook for any other receiver', async () => {
    const { clock, node } = await open()
    await clock.advance(2 * MINUTE)
    await using receiver = await openAnswering(() => ({ body: '' }))
    using channel = channelTo(receiver)
    await node(channel).check()
    const { type, data } = JSON.parse(receiver.calls[0]?.body ?? '')
    expect({ type, ...data }).toMatchObject({ type: 'operator.daily', state: 'resolved', subject: '2026-12-01' })
    expect(data.lines).toBeUndefined()
  })
})
