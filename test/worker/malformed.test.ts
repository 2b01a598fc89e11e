import { expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { POLICY, SUCCESS } from '../support/store.ts'
import { createDayPoller, openDayStore } from './support/day.ts'

const INVALID: Answer = { kind: 'invalid_id', code: 4060 }
const check = (partner: number) => ({ check: { kind: '', partner, registeredAt: 0, batch: null, completesAt: 0 } })

/** A quiet account on which GetResult calls the serials of the first partner malformed. In simulated time. */
const openScene = async (bad: readonly string[], isBad = (serial: string) => bad.includes(serial)) => {
  const clock = createFixedClock(1_800_000_000_000)
  const { store, register, partnerIds } = await openDayStore(clock.now, 2)
  const happened: string[] = []
  const poller = createDayPoller({
    store,
    clock,
    ask: async (_, { idcardid }) => (isBad(idcardid) ? INVALID : SUCCESS),
    emit: (...[name]) => happened.push(name),
  })
  const statusOf = async (partner: number, serials: readonly string[]) => {
    const found = await store.lookUpRegistrations(partnerIds[partner] ?? '', serials, 10)
    return found?.map(one => one.reason ?? one.status)
  }
  await register(bad.map(serial => ({ ...check(0), serial })))
  return {
    happened,
    badOnes: () => statusOf(0, bad),
    /** Polls all due serials for `ms`, or until the condition holds; resolves to the time that it took. */
    run: async (ms: number, isOver: () => Promise<boolean> = async () => false): Promise<number> => {
      const [from, until] = [clock.now(), clock.now() + ms]
      while (clock.now() < until && !(await isOver())) {
        const { claimed, nextAt } = await poller.round()
        await poller.whenIdle()
        if (claimed === 0)
          await clock.advance(Math.max(1, Math.min(nextAt ?? until, until, clock.now() + MINUTE) - clock.now()))
      }
      return clock.now() - from
    },
    registerGood: (serial: string) => register([{ ...check(1), serial }]),
    isTold: async (serial: string) => (await statusOf(1, [serial]))?.[0] === 'succeeded',
  }
}

test.each([0.3, 1.5, 3, 10, 40, 120, 600, 1_500])(
  'two malformed serials keep good ones of another partner, from %d min later on, waiting for a minute at most, and both end',
  async minutes => {
    const { happened, run, badOnes, registerGood, isTold } = await openScene(['bad-1', 'bad-2'])
    await run(minutes * MINUTE)
    expect(happened).toContain('account.paused')
    for (const serial of ['good', 'other', 'third']) {
      await registerGood(serial)
      expect(await run(HOUR, () => isTold(serial))).toBeLessThan(MINUTE + SECOND)
      await run(MINUTE)
    }
    expect(await badOnes()).toEqual(['invalid_id', 'invalid_id'])
  },
)

test('malformed serials end at their deadline where nobody else is asked about', async () => {
  const { run, badOnes } = await openScene(['bad-1', 'bad-2'])
  await run(DAY + POLICY.settleMarginMs - MINUTE)
  expect(await badOnes()).toEqual(['pending', 'pending'])
  await run(3 * MINUTE)
  expect(await badOnes()).toEqual(['invalid_id', 'invalid_id'])
})

test.each([0.5, 2, 5])(
  'serials that come one by one, each %d min, wait where GetResult refuses whatever it is asked about',
  async minutes => {
    let isBroken = true
    const { happened, run, badOnes, registerGood, isTold } = await openScene(['first'], () => isBroken)
    for (let n = 0; n < 5; n++) {
      await run(minutes * MINUTE)
      await registerGood(`good-${n}`)
    }
    await run(HOUR)
    expect(happened).toContain('account.paused')
    // Alone it could not be told from a malformed one.
    expect(await badOnes()).toEqual(['invalid_id'])
    isBroken = false
    await run(10 * MINUTE)
    for (let n = 0; n < 5; n++) expect(await isTold(`good-${n}`)).toBe(true)
  },
)
