import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MINUTE } from '../../src/core/duration.ts'
import { createRegistering, registeringAll } from '../../src/store/registering.ts'
import type { NewRegistration, Registered } from '../../src/store/store.ts'
import { unavailable } from '../../src/store/unavailable.ts'

const BUSY = unavailable({ en: 'another session keeps it busy', zh: '被另一个会话占用' }, { isOfPart: true })

/** A store in which a commit waits, and then fails, that has a registration of the partner `busy`. */
const open = () => {
  const state = { now: 0, isBusy: true, commits: [] as string[][], error: BUSY as Error, waiting: [] as (() => void)[] }
  const register = createRegistering(
    {
      now: () => state.now,
      register: async items => {
        state.commits.push(items.map(({ partnerId }) => partnerId))
        if (!state.isBusy || items.every(({ partnerId }) => partnerId !== 'busy'))
          return items.map(() => ({}) as Registered)
        await new Promise<void>(resolve => void state.waiting.push(resolve))
        throw state.error
      },
    },
    { batch: 32, batches: 3 },
  )
  return {
    state,
    register: (partnerId: string) => register({ partnerId } as NewRegistration),
    fail: async () => {
      for (const fail of state.waiting.splice(0)) fail()
      await setImmediate()
    },
  }
}

test('until it was known whose row is locked, commits that wait for it took every connection', async () => {
  const { state, register, fail } = open()
  const others: Promise<Registered>[] = []
  const refused: Promise<unknown>[] = []
  for (let n = 0; n < 5; n++) {
    refused.push(register('busy').catch((error: unknown) => error))
    others.push(register(`other_${n}`))
    await setImmediate()
  }
  expect(state.waiting).toHaveLength(3)
  await fail()
  // Those of the others do not wait with it once more.
  await Promise.all(others)
  expect(state.waiting).toHaveLength(1)
  expect(state.commits.filter(items => items.includes('busy')).slice(3)).toEqual([Array(5).fill('busy')])
  while (state.waiting.length > 0) await fail()
  expect(await Promise.all(refused)).toEqual(Array(5).fill(BUSY))
})

test('while the database did not answer, those that had gathered failed 32 at a time, each after seconds', async () => {
  const { state, register, fail } = open()
  const calls = Array.from({ length: 300 }, (_, n) => register(n % 2 === 0 ? 'busy' : 'other').catch(() => null))
  await setImmediate()
  expect(state.commits.map(({ length }) => length)).toEqual([32, 32, 32])
  state.error = new Error('it does not answer')
  await fail()
  expect(state.commits.slice(3).map(({ length }) => length)).toEqual([204])
  await fail()
  await Promise.all(calls)
})

test('a partner that waits keeps to itself until a minute has gone well, one commit at a time', async () => {
  const { state, register, fail } = open()
  const refused = register('busy').catch((error: unknown) => error)
  await setImmediate()
  await fail()
  expect(await refused).toBe(BUSY)
  state.isBusy = false
  state.commits.length = 0
  const both = () => Promise.all([register('busy'), register('other')])
  await both()
  expect(state.commits.splice(0)).toHaveLength(2)
  state.now += MINUTE
  await both()
  expect(state.commits).toEqual([['busy', 'other']])
})

test('what a partner that waits had asked for meanwhile went 32 at a time, each time in vain, while more came', async () => {
  const { state, register, fail } = open()
  const ask = () => register('busy').catch((error: unknown) => error)
  const refused = [ask()]
  await setImmediate()
  await fail()
  refused.push(ask())
  await setImmediate()
  refused.push(...Array.from({ length: 400 }, ask))
  await fail()
  expect(state.commits.map(({ length }) => length)).toEqual([1, 1, 400])
  await fail()
  expect(await Promise.all(refused)).toEqual(Array(402).fill(BUSY))
})

test('where one of a batch of two was not valid, the other made those of other partners wait for its partner', async () => {
  const calls: string[] = []
  const registerAll = registeringAll(
    async items => {
      calls.push(...items.map(({ id }) => `batch ${id}`))
      return []
    },
    async ({ id }) => {
      calls.push(`alone ${id}`)
      return {} as Registered
    },
  )
  for (const isBatch of [true, false]) await registerAll([{ id: `${isBatch}`, isBatch } as NewRegistration])
  expect(calls).toEqual(['batch true', 'alone false'])
})
