import { expect, test } from 'vitest'
import { assetOf, once } from '../../../src/http/docs/asset.ts'

/** Fails at the first call, as where no file can be opened for a moment. */
const createFlaky = () => {
  let calls = 0
  return async () => {
    calls++
    if (calls === 1) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    return `made at call ${calls}`
  }
}

test('what is made once is made by one call for all that ask at the same time', async () => {
  let calls = 0
  const get = once(async () => ++calls)
  expect(await Promise.all([get(), get()])).toEqual([1, 1])
  expect(await get()).toBe(1)
})

test('what could not be read is read again when it is next needed, and not refused until a restart', async () => {
  const get = once(createFlaky())
  await expect(get()).rejects.toThrow('too many open files')
  expect(await get()).toBe('made at call 2')
  expect(await get()).toBe('made at call 2')
  const asset = assetOf('text/css', createFlaky())
  await expect(asset()).rejects.toThrow('too many open files')
  expect(Buffer.from((await asset()).bytes).toString()).toBe('made at call 2')
})
