import { describe, expect, test, vi } from 'vitest'
import { AppError } from '../../src/core/error.ts'
import { createSettler } from '../../src/worker/settler.ts'
import { createFixedClock, endOfTurn } from '../support/fixed-clock.ts'
import { both } from '../support/words.ts'

const openSettler = (settle: (batch: readonly string[]) => void, ownerOf?: (outcome: string) => string) => {
  const batches: string[][] = []
  const emit = vi.fn()
  const clock = createFixedClock()
  const record = createSettler<string, string>(
    async batch => {
      batches.push([...batch])
      settle(batch)
      return batch.map(outcome => `${outcome} is recorded`)
    },
    { clock, emit, event: 'poll', ...(ownerOf ? { ownerOf } : {}) },
  )
  return { record, batches, clock, emit }
}

describe('recording outcomes', () => {
  test('puts what comes together into one commit', async () => {
    const { record, batches } = openSettler(() => {})
    const results = await Promise.all(['a', 'b', 'c'].map(record))
    expect(results).toEqual(['a is recorded', 'b is recorded', 'c is recorded'])
    expect(batches).toEqual([['a', 'b', 'c']])
  })

  test('keeps them while the database cannot be written, and tries again less often with each failure, every five seconds at most', async () => {
    let failures = 5
    const { record, batches, clock, emit } = openSettler(() => {
      if (failures-- > 0) throw new AppError('unavailable', both('the disk is full'))
    })
    const recorded = Promise.all(['a', 'b'].map(record))
    await endOfTurn()
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

  test('puts aside the one that somebody keeps busy, and records it when it is free', async () => {
    const written: string[] = []
    let isBusy = true
    const { record, batches, clock, emit } = openSettler(batch => {
      if (isBusy && batch.includes('busy')) throw new AppError('unavailable', both('busy'), { isOfPart: true })
      written.push(...batch)
    })
    const busy = record('busy')
    expect(await Promise.all(['a', 'b', 'c'].map(record))).toHaveLength(3)
    expect(batches).toEqual([['busy', 'a', 'b', 'c'], ['busy', 'a'], ['busy'], ['a'], ['b', 'c']])
    expect(await record('d')).toBe('d is recorded')
    await clock.advance(1_000)
    await endOfTurn()
    isBusy = false
    await clock.advance(2_000)
    expect(await busy).toBe('busy is recorded')
    expect(written).toEqual(['a', 'b', 'c', 'd', 'busy'])
    expect(emit.mock.calls.map(([, { outcomes }]) => outcomes)).toEqual([4, 2, 1, 1])
  })

  test('what was kept busy of one partner held up all others, for as long as it stayed so', async () => {
    const written: string[] = []
    let isBusy = true
    const settle = (batch: readonly string[]) => {
      if (isBusy && batch.some(one => one.startsWith('p')))
        throw new AppError('unavailable', both('busy'), { isOfPart: true })
      written.push(...batch)
    }
    const { record, batches, clock } = openSettler(settle, outcome => outcome.slice(0, 1))
    const kept = ['p1', 'p2'].map(record)
    const results = await Promise.all(['q1', 'q2'].map(record))
    expect(results).toEqual(['q1 is recorded', 'q2 is recorded'])
    // One look for both owners, one for each: whatever is found of p is found beside what q has.
    expect(batches.slice(0, 3)).toEqual([
      ['p1', 'p2', 'q1', 'q2'],
      ['p1', 'p2'],
      ['q1', 'q2'],
    ])
    kept.push(record('p3'))
    expect(await record('q3')).toBe('q3 is recorded')
    expect(batches.filter(batch => batch.includes('q3'))).toEqual([['q3']])
    isBusy = false
    await clock.advance(2_000)
    expect(await Promise.all(kept)).toEqual(['p1 is recorded', 'p2 is recorded', 'p3 is recorded'])
    expect(await Promise.all(['p4', 'q4'].map(record))).toHaveLength(2)
    expect(batches.at(-1)).toEqual(['p4', 'q4'])
  })

  test('gives each outcome its own result, whoever owns what comes with it', async () => {
    let isBusy = true
    const { record } = openSettler(
      () => {
        if (isBusy) {
          isBusy = false
          throw new AppError('unavailable', both('busy'), { isOfPart: true })
        }
      },
      outcome => outcome.slice(0, 1),
    )
    const results = await Promise.all(['p1', 'q1', 'p2', 'q2'].map(record))
    expect(results).toEqual(['p1', 'q1', 'p2', 'q2'].map(one => `${one} is recorded`))
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

  test('says of a lone bad one that it failed, and does not reject', async () => {
    const { record, batches, emit } = openSettler(() => {
      throw new Error('no such row')
    })
    expect(await record('a')).toBeNull()
    expect(batches).toEqual([['a']])
    expect(emit.mock.calls).toEqual([['poll.settle_failed', { error: expect.any(Error) }]])
  })
})
