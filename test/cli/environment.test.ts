import { expect, test } from 'vitest'
import { adviceOn, reasonOf } from '../../src/cli/environment.ts'
import { describeCode, unavailable } from '../../src/store/unavailable.ts'

const refused = (code: string) => unavailable(describeCode(code))

test('a command on a full disk, such as prune, said what is wrong, and not what to do', () => {
  const full = refused('SQLITE_FULL')
  for (const lang of ['en', 'zh'] as const) {
    expect(reasonOf(full, lang)).toContain('SQLITE_FULL')
    expect(reasonOf(full, lang)).toContain(adviceOn(full)?.[lang])
  }
  expect(adviceOn(refused('SQLITE_READONLY'))).toBeNull()
})
