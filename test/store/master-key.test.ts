import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { keyBeside } from '../../src/store/master-key.ts'
import { newPath } from './support/files.ts'
import { MAKE_KEY, runAtOnce } from './support/processes.ts'

describe('the key beside the database', () => {
  test('is made once, for its owner only, and read ever after', () => {
    const path = newPath()
    const made = keyBeside(path, randomBytes)
    expect(made).toMatchObject({ created: true, path: `${path}.key` })
    expect(made.key).toHaveLength(32)
    expect(statSync(made.path).mode & 0o777).toBe(0o600)
    expect(readFileSync(made.path, 'utf8')).toBe(`${made.key.toString('base64')}\n`)
    expect(keyBeside(path, randomBytes)).toEqual({ ...made, created: false })
  })

  test.each(['', 'c2hvcnQ=\n', 'not a key at all, but long enough to be one\n'])('is refused when it is %j', text => {
    const path = newPath()
    writeFileSync(`${path}.key`, text)
    expect(() => keyBeside(path, randomBytes)).toThrow(`${path}.key`)
    expect(readFileSync(`${path}.key`, 'utf8')).toBe(text)
  })

  test('that others can read is refused', () => {
    const path = newPath()
    keyBeside(path, randomBytes)
    chmodSync(`${path}.key`, 0o640)
    expect(() => keyBeside(path, randomBytes)).toThrow(`chmod 600 ${path}.key`)
  })

  test('that cannot be read is not made anew', () => {
    const path = newPath()
    mkdirSync(`${path}.key`)
    expect(() => keyBeside(path, randomBytes)).toThrow('EISDIR')
  })

  test('is one and the same for processes that start at once', async () => {
    const answers = await runAtOnce<{ key: string; created: boolean }>(3, MAKE_KEY, { args: [newPath()] })
    expect(new Set(answers.map(answer => answer.key)).size).toBe(1)
    expect(answers.filter(answer => answer.created)).toHaveLength(1)
  })
})
