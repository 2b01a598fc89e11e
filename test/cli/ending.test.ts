import { expect, test } from 'vitest'
import { adviceOn, exitCodeOf, wordsOf } from '../../src/cli/ending.ts'
import { AppError } from '../../src/core/error.ts'
import { unavailableBy } from '../../src/store/unavailable.ts'
import { both } from '../support/words.ts'

const refused = (code: string) => unavailableBy(code, 'other')

test.each(['SQLITE_CORRUPT', 'SQLITE_NOTADB'])('doctor on a damaged file (%s) did not say what to do', code => {
  const raw = Object.assign(new Error('database disk image is malformed'), { code })
  for (const lang of ['en', 'zh'] as const) {
    expect(adviceOn(raw)?.[lang]).toBe(adviceOn(refused(code))?.[lang])
    expect(wordsOf(raw)[lang]).toContain(adviceOn(raw)?.[lang] ?? 'an advice')
  }
})

test('a command on a full disk, such as prune, said what is wrong, and not what to do', () => {
  const full = refused('SQLITE_FULL')
  for (const lang of ['en', 'zh'] as const) {
    expect(wordsOf(full)[lang]).toContain('SQLITE_FULL')
    expect(wordsOf(full)[lang]).toContain(adviceOn(full)?.[lang])
  }
  expect(adviceOn(refused('SQLITE_READONLY'))).toBeNull()
})

test('a field that the API refuses is named with its rule, and nothing else is said', () => {
  const message = both('must be a number')
  const refused = new AppError('invalid_body', both('One field.'), { errors: [{ path: 'rate', message }] })
  expect([wordsOf(refused).en, exitCodeOf(refused)]).toEqual(['rate must be a number', 2])
  expect(exitCodeOf(new AppError('unavailable', both('busy')))).toBe(1)
})
