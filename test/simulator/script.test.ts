import { expect, test } from 'vitest'
import { scriptOfSerial } from '../../src/simulator/script.ts'

test.each([
  ['test_success', { afterMs: 0, status: 'SUCCESS' }],
  ['test_success_3s', { afterMs: 3_000, status: 'SUCCESS' }],
  ['test_fail_10m', { afterMs: 600_000, status: 'FAIL' }],
  ['test_notfound', { afterMs: 0, code: 4061 }],
  ['test_expire_500ms', { status: 'ING' }],
])('scripts %s', (idcardid, script) => {
  expect(scriptOfSerial(idcardid)).toEqual(script)
})
