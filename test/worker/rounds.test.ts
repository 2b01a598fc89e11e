import { describe, expect, test, vi } from 'vitest'
import { yieldToLoop } from '../../src/core/clock.ts'
import { createRounds, intervalAfter, type Round } from '../../src/worker/rounds.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const NOW = 1_000_000
const IDLE: Round = { claimed: 0, nextAt: null, waits: false }

describe('the nap after a round', () => {
  test.each([
    { round: { claimed: 0, nextAt: null, waits: false }, nap: 1_000, why: 'nothing waits' },
    { round: { claimed: 5, nextAt: null, waits: false }, nap: 1_000, why: 'nothing waits any more' },
    { round: { claimed: 0, nextAt: NOW + 300 }, nap: 300, why: 'something falls due soon' },
    { round: { claimed: 0, nextAt: NOW + 3_600_000 }, nap: 1_000, why: 'it looks again after a second anyway' },
    { round: { claimed: 3, nextAt: NOW }, nap: 0, why: 'there is more' },
    { round: { claimed: 3, nextAt: NOW - 5 }, nap: 0, why: 'there is more' },
    { round: { claimed: 0, nextAt: NOW - 5 }, nap: 1_000, why: 'what is due waits for a slot' },
  ])('is $nap when $why', ({ round, nap }) => {
    expect(intervalAfter(round, NOW)).toBe(nap)
  })
})

describe('rounds', () => {
  /** Rounds that end when the test lets them. */
  const openRounds = () => {
    const clock = createFixedClock(NOW)
    const ends: ((round: Round | Error) => void)[] = []
    const errors: unknown[] = []
    const run = vi.fn(
      () =>
        new Promise<Round>((resolve, reject) => {
          ends.push(round => (round instanceof Error ? reject(round) : resolve(round)))
        }),
    )
    const store = { aheadMs: 0 }
    const now = () => clock.now() + store.aheadMs
    const rounds = createRounds(run, { clock, now, onError: error => errors.push(error) })
    /** A waking loop starts a round at the end of that turn. */
    const advance = async (ms: number) => {
      await clock.advance(ms)
      await yieldToLoop()
    }
    const endNow = async (round: Round | Error) => {
      ends.shift()?.(round)
      await yieldToLoop()
    }
    /** Ends the round that runs, and lets a millisecond pass. */
    const end = async (round: Round | Error) => {
      await endNow(round)
      await advance(1)
    }
    const wakeUp = async () => {
      rounds.wakeUp()
      await yieldToLoop()
    }
    return { sleeping: clock.sleeping, store, advance, rounds, run, wakeUp, endNow, end, errors }
  }

  test('run one at a time, and once more when rung in between, however often', async () => {
    const { rounds, run, wakeUp, end } = openRounds()
    await wakeUp()
    for (let i = 0; i < 5; i++) rounds.wakeUp()
    await yieldToLoop()
    expect(run).toHaveBeenCalledTimes(1)
    await end(IDLE)
    expect(run).toHaveBeenCalledTimes(2)
    await end(IDLE)
    expect(run).toHaveBeenCalledTimes(2)
    await wakeUp()
    expect(run).toHaveBeenCalledTimes(3)
  })

  test('go on at once while there is more', async () => {
    const { run, end, wakeUp } = openRounds()
    await wakeUp()
    await end({ claimed: 4, nextAt: NOW, waits: false })
    expect(run).toHaveBeenCalledTimes(2)
  })

  test('come at once for what is due, where the clock of the store has passed the end of the sleep', async () => {
    const { store, rounds, run, end, wakeUp } = openRounds()
    await wakeUp()
    await end(IDLE)
    store.aheadMs = 9_000
    rounds.wakeUpAt(NOW + store.aheadMs)
    await yieldToLoop()
    expect(run).toHaveBeenCalledTimes(2)
  })

  test('come as soon as something falls due that was announced during a nap, or during a round', async () => {
    const { advance, rounds, run, end, wakeUp } = openRounds()
    await wakeUp()
    await end(IDLE)
    rounds.wakeUpAt(NOW + 1 + 200)
    await advance(199)
    expect(run).toHaveBeenCalledTimes(1)
    await advance(1)
    expect(run).toHaveBeenCalledTimes(2)
    rounds.wakeUpAt(NOW + 201 + 300)
    await end(IDLE)
    await advance(298)
    expect(run).toHaveBeenCalledTimes(2)
    await advance(1)
    expect(run).toHaveBeenCalledTimes(3)
  })

  test('begin when a slot is freed only where something may wait for one', async () => {
    const { rounds, run, wakeUp, end } = openRounds()
    const free = async () => {
      rounds.free()
      await yieldToLoop()
    }
    await wakeUp()
    await end(IDLE)
    await free()
    expect(run).toHaveBeenCalledTimes(1)
    await wakeUp()
    await end({ ...IDLE, waits: true })
    await free()
    expect(run).toHaveBeenCalledTimes(3)
    await end({ ...IDLE, nextAt: NOW })
    await free()
    expect(run).toHaveBeenCalledTimes(4)
    await end(new Error('nobody knows'))
    await free()
    expect(run).toHaveBeenCalledTimes(5)
  })

  test('begin again where a slot was freed during one that left something', async () => {
    const { rounds, run, wakeUp, end } = openRounds()
    await wakeUp()
    rounds.free()
    await end({ ...IDLE, waits: true })
    expect(run).toHaveBeenCalledTimes(2)
    await end({ ...IDLE, waits: true })
    expect(run).toHaveBeenCalledTimes(2)
    await wakeUp()
    rounds.free()
    await end(IDLE)
    expect(run).toHaveBeenCalledTimes(3)
  })
})
