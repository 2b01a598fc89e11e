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
    { clock, emit, event: 'poll', ownerOf: outcome => outcome.split(' ')[0] ?? '' },
  )
  return { record, batches, clock, emit }
}

describe('recording outcomes', () => {
  test('keeps them while the database cannot be written, and tries again less often with each failure, every five seconds at most', async () => {
    let failures = 15
    const { record, batches, clock, emit } = openSettler(() => {
      if (failures-- > 0) throw new AppError('unavailable', both('the disk is full'))
    })
    const together = () => batches.filter(({ length }) => length > 1)
    const recorded = Promise.all(['a', 'b'].map(record))
    await yieldToLoop()
    for (const [tries, seconds] of [1, 2, 4, 5, 5].entries()) {
      await clock.advance(seconds * 1_000 - 1)
      expect(together()).toHaveLength(tries + 1)
      await clock.advance(1)
      await yieldToLoop()
    }
    await recorded
    expect(together()).toEqual(new Array(6).fill(['a', 'b']))
    const waiting = ['poll.settle_delayed', { error: expect.any(AppError), outcomes: 2 }]
    expect(emit.mock.calls).toEqual(new Array(5).fill(waiting))
  })

  test('keeps the one that is locked, which stops nobody else', async () => {
    let isLocked = true
    const { record, clock, emit } = openSettler(batch => {
      if (isLocked && batch.includes('locked')) throw new AppError('unavailable', both('lock timeout'))
    })
    const locked = record('locked')
    expect(await Promise.all(['a', 'b'].map(record))).toEqual(['a is recorded', 'b is recorded'])
    expect(await record('c')).toBe('c is recorded')
    expect(emit.mock.calls).toEqual([['poll.settle_delayed', { error: expect.any(AppError), outcomes: 3 }]])
    isLocked = false
    await clock.advance(1_000)
    expect(await locked).toBe('locked is recorded')
  })

  test('holds up no other partner, however many of one are locked, and of that one only those', async () => {
    let failures = 0
    const { record } = openSettler(batch => {
      if (!batch.some(outcome => outcome.includes('locked'))) return
      failures++
      throw new AppError('unavailable', both('lock timeout'))
    })
    for (let n = 0; n < 20; n++) void record(`a locked ${n}`)
    const free = record('a free')
    expect(await record('b')).toBe('b is recorded')
    // All together, those of the partner, the first of those.
    expect(failures).toBe(3)
    expect(await record('b again')).toBe('b again is recorded')
    expect(failures).toBeLessThan(10)
    expect(await free).toBe('a free is recorded')
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
