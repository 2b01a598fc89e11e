import { expect, test } from 'vitest'
import { createTurns, hasHungUp } from '../../src/store/turns.ts'
import { endOfTurn } from '../support/fixed-clock.ts'

const open = (atOnce: number) => {
  const inTurn = createTurns(atOnce)
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<string>>()
  const ask = (name: string, key = name.slice(0, 1)): Promise<string> => {
    const end = Promise.withResolvers<string>()
    ends.set(name, end)
    return inTurn(key, () => {
      begun.push(name)
      return end.promise
    })
  }
  return {
    ask,
    begun,
    end: (name: string) => ends.get(name)?.resolve(name),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  }
}

test('runs so many of a key at a time, the others in the order in which they came, and other keys beside', async () => {
  const { ask, begun, end } = open(2)
  const all = ['a1', 'a2', 'a3', 'a4', 'b1'].map(name => ask(name))
  await endOfTurn()
  expect(begun).toEqual(['a1', 'a2', 'b1'])
  end('a2')
  await all[1]
  await endOfTurn()
  expect(begun.slice(3)).toEqual(['a3'])
  // One that comes later does not overtake those that wait.
  all.push(ask('a5'))
  for (const name of ['a1', 'a3', 'a4', 'a5', 'b1']) end(name)
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'a5'])
  expect(begun.slice(4)).toEqual(['a4', 'a5'])
})

test('hands on the place of one that failed, and begins anew where nothing is left', async () => {
  const { ask, begun, end, fail } = open(1)
  const failing = ask('a1')
  const next = ask('a2')
  fail('a1')
  await expect(failing).rejects.toThrow('a1')
  end('a2')
  expect(await next).toBe('a2')
  const last = ask('a3')
  end('a3')
  expect(await last).toBe('a3')
  expect(begun).toEqual(['a1', 'a2', 'a3'])
})

test('the reads of callers who had hung up went on, one after the other', async () => {
  const { ask, begun, end } = open(1)
  let isGone = false
  const first = hasHungUp.run(
    () => isGone,
    () => ask('a1'),
  )
  const second = hasHungUp.run(
    () => isGone,
    () => ask('a2'),
  )
  const own = ask('a3')
  isGone = true
  end('a1')
  expect(await first).toBe('a1')
  await expect(second).rejects.toMatchObject({ code: 'unavailable' })
  end('a3')
  expect(await own).toBe('a3')
  expect(begun).toEqual(['a1', 'a3'])
})
