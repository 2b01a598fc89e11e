import { expect, test } from 'vitest'
import { createTtlCache } from '../../../src/http/middleware/authenticate.ts'

const setUp = (values: Record<string, string | null | Error>) => {
  const clock = { now: 1_000_000 }
  const loads: string[] = []
  const load = async (key: string) => {
    loads.push(key)
    const value = values[key] ?? null
    if (value instanceof Error) throw value
    return value
  }
  return { clock, loads, values, get: createTtlCache({ ttlMs: 1_000, size: 2, now: () => clock.now, load }) }
}

test('keeps a value for its TTL and no longer', async () => {
  const { clock, loads, get } = setUp({ a: '1' })
  await get('a')
  clock.now += 999
  expect(await get('a')).toBe('1')
  expect(loads).toEqual(['a'])
  clock.now += 1
  await get('a')
  expect(loads).toEqual(['a', 'a'])
})

test('caches neither null nor errors', async () => {
  const { loads, values, get } = setUp({ a: null, b: new Error('down') })
  expect(await get('a')).toBeNull()
  await expect(get('b')).rejects.toThrow('down')
  Object.assign(values, { a: '1', b: '2' })
  expect([await get('a'), await get('b')]).toEqual(['1', '2'])
  expect(loads).toEqual(['a', 'b', 'a', 'b'])
})

test('keeps only the newest entries, up to its size', async () => {
  const { loads, get } = setUp({ a: '1', b: '2', c: '3' })
  for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) await get(key)
  expect(loads).toEqual(['a', 'b', 'c', 'a'])
})
