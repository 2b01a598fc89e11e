import { chmodSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isOursAlone, openCache } from '../src/compile-cache.js'
import { openFolder, runCli } from './support/service.ts'

let folder: Awaited<ReturnType<typeof openFolder>>
beforeEach(async () => {
  folder = await openFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

const make = (name: string, mode: number): string => {
  const path = join(folder.path, name)
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

test('a new compile cache can be written by its owner only', () => {
  const path = join(folder.path, 'a', 'b')
  expect(openCache(path)).toBe(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
})

test('the folders above a new compile cache, where packages lie too, stay open to others', () => {
  openCache(join(folder.path, 'node_modules', '.cache', 'cache'))
  for (const above of ['node_modules', 'node_modules/.cache'])
    expect(statSync(join(folder.path, above)).mode & 0o777).toBe(0o755)
})

test.each([0o700, 0o755, 0o711])('a folder of our own with mode %o can be a compile cache', mode => {
  const path = make('own', mode)
  expect(openCache(path)).toBe(path)
})

test.each([0o777, 0o775, 0o757, 0o1777])('a folder that others can write, mode %o, is no compile cache', mode => {
  expect(openCache(make('shared', mode))).toBeNull()
})

test('a folder that others can replace is no compile cache; in a sticky one nobody can', () => {
  const parent = make('shared', 0o777)
  const path = join(parent, 'own')
  mkdirSync(path, { mode: 0o700 })
  expect(openCache(path)).toBeNull()
  chmodSync(parent, 0o1777)
  expect(openCache(path)).toBe(path)
})

test('neither a link, a file nor a folder of another user is a compile cache', () => {
  const path = make('own', 0o700)
  symlinkSync(path, join(folder.path, 'link'))
  expect(openCache(join(folder.path, 'link'))).toBeNull()
  expect(openCache(import.meta.filename)).toBeNull()
  expect(isOursAlone(path, 54_321)).toBe(statSync(path).uid === 0 && statSync(folder.path).uid === 0)
  expect(isOursAlone(join(folder.path, 'nothing'))).toBe(false)
})

test('NODE_COMPILE_CACHE in a folder that others can write refuses the start', async () => {
  const shared = make('shared', 0o777)
  const at = { cwd: folder.path, env: { NODE_COMPILE_CACHE: shared } }
  const { code, stderr } = await runCli(['settings'], at)
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^NODE_COMPILE_CACHE: .*others can write.*\n$/)])
  chmodSync(shared, 0o700)
  expect((await runCli(['settings'], at)).code).toBe(0)
})
