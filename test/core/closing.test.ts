import { expect, test } from 'vitest'
import { createClosing } from '../../src/core/closing.ts'

test('closes the last one first, once, and all of them though one throws', async () => {
  const closed: number[] = []
  const closing = createClosing()
  for (const one of [1, 2, 3])
    closing.defer(async () => {
      closed.push(one)
      if (one === 2) throw new Error('two')
    })
  await expect(closing[Symbol.asyncDispose]()).rejects.toThrow('two')
  await closing[Symbol.asyncDispose]()
  expect(closed).toEqual([3, 2, 1])
})

test('closes nothing that another has taken over', async () => {
  const closed: string[] = []
  const closing = createClosing()
  closing.defer(() => closed.push('one'))
  const taken = closing.move()
  await closing[Symbol.asyncDispose]()
  expect(closed).toEqual([])
  await taken[Symbol.asyncDispose]()
  expect(closed).toEqual(['one'])
})
