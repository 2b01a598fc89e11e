import { describe, expect, test, vi } from 'vitest'
import { yieldToLoop } from '../../src/core/clock.ts'
import { AppError } from '../../src/core/error.ts'
import { createSettler } from '../../src/worker/settler.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { both } from '../support/words.ts'

const openSettler = (settle: (batch: readonly string[]) => void) => {
  const batches: string[][] = []
  const emit = vi.fn()
  const clock = createFixedClock()
  const record = createSettler<string, string>(
    async batch => {
      batches.push([...batch])
      settle(batch)
      return batch.map(outcome => `${outcome} is recorded`)
    },
    { clock, emit, event: 'poll' },
  )
  return { record, batches, clock, emit }
}

describe('recording outcomes', () => {
  test('keeps them while the database cannot be written, and tries again less often with each failure, every five seconds at most', async () => {
    let failures = 5
    const { record, batches, clock, emit } = openSettler(() => {
      if (failures-- > 0) throw new AppError('unavailable', both('the disk is full'))
    })
    const recorded = Promise.all(['a', 'b'].map(record))
    await yieldToLoop()
    for (const [tries, seconds] of [1, 2, 4, 5, 5].entries()) {
      await clock.advance(seconds * 1_000 - 1)
      expect(batches).toHaveLength(tries + 1)
      await clock.advance(1)
    }
    await recorded
    expect(batches).toEqual(new Array(6).fill(['a', 'b']))
    const waiting = ['poll.settle_delayed', { error: expect.any(AppError), outcomes: 2 }]
    expect(emit.mock.calls).toEqual(new Array(5).fill(waiting))
  })

  test('leaves out the one that fails, so that it stops nobody else', async () => {
    const written: string[] = []
    const { record, emit } = openSettler(batch => {
      if (batch.includes('poison')) throw new Error('NOT NULL constraint failed')
      written.push(...batch)
    })
    expect(await Promise.all(['a', 'poison', 'b'].map(record))).toEqual(['a is recorded', null, 'b is recorded'])
    expect(written).toEqual(['a', 'b'])
    expect(emit.mock.calls).toEqual([['poll.settle_failed', { error: expect.any(Error) }]])
    await record('c')
    expect(written).toEqual(['a', 'b', 'c'])
  })
})
