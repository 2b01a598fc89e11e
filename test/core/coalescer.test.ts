import { describe, expect, test } from 'vitest'
import { createCoalescer } from '../../src/core/coalescer.ts'

/** A run that ends when the test lets it. */
const openRun = (limits?: { batches: number }) => {
  const batches: { items: number[]; end: (error?: Error) => void }[] = []
  const begun = Promise.withResolvers<void>()
  const call = createCoalescer<number, string>(
    items =>
      new Promise((resolve, reject) => {
        batches.push({ items, end: error => (error ? reject(error) : resolve(items.map(item => `done ${item}`))) })
        begun.resolve()
      }),
    limits,
  )
  return { call, batches, begun: begun.promise }
}
const yieldToLoop = () => new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)))

describe('group commit', () => {
  test('runs the calls of one turn together, and answers each with its own', async () => {
    const { call, batches, begun } = openRun()
    const results = Promise.all([1, 2, 3].map(call))
    await begun
    batches[0]?.end()
    expect(await results).toEqual(['done 1', 'done 2', 'done 3'])
    expect(batches.map(batch => batch.items)).toEqual([[1, 2, 3]])
  })

  test('gathers what comes while a batch is under way, in order', async () => {
    const { call, batches, begun } = openRun()
    const first = call(1)
    await begun
    const later = Promise.all([2, 3, 4].map(call))
    await yieldToLoop()
    expect(batches.map(batch => batch.items)).toEqual([[1]])
    batches[0]?.end()
    await first
    await yieldToLoop()
    batches[1]?.end()
    expect(await later).toEqual(['done 2', 'done 3', 'done 4'])
    expect(batches.map(batch => batch.items)).toEqual([[1], [2, 3, 4]])
  })

  test('gives an error to every call of that batch, and to no other', async () => {
    const { call, batches, begun } = openRun()
    const failing = Promise.allSettled([1, 2].map(call))
    await begun
    const later = call(3)
    const error = new Error('the disk is full')
    batches[0]?.end(error)
    expect(await failing).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ])
    await yieldToLoop()
    batches[1]?.end()
    expect(await later).toBe('done 3')
  })

  test('keeps a batch within its limit', async () => {
    const sizes: number[] = []
    const call = createCoalescer<number, number>(
      async items => {
        sizes.push(items.length)
        return items
      },
      { batch: 4 },
    )
    const items = Array.from({ length: 10 }, (_, i) => i)
    expect(await Promise.all(items.map(call))).toEqual(items)
    expect(sizes).toEqual([4, 4, 2])
  })
})
