import { expect, test } from 'vitest'
import { readTestSerial, scriptOfSerial } from '../../src/simulator/serials.ts'

test.each([
  ['test_success', { outcome: 'success', afterMs: 0 }, { afterMs: 0, status: 'SUCCESS' }],
  ['test_success_3s', { outcome: 'success', afterMs: 3_000 }, { afterMs: 3_000, status: 'SUCCESS' }],
  ['test_fail_10m', { outcome: 'fail', afterMs: 600_000 }, { afterMs: 600_000, status: 'FAIL' }],
  ['test_notfound', { outcome: 'notfound', afterMs: 0 }, { afterMs: 0, code: 4061 }],
  ['test_expire_500ms', { outcome: 'expire', afterMs: 500 }, { status: 'ING' }],
])('reads %s', (idcardid, serial, script) => {
  expect(readTestSerial(idcardid)).toEqual(serial)
  expect(scriptOfSerial(idcardid)).toEqual(script)
})

test.each([
  '16236437872836',
  'test_',
  'test_success_',
  'test_success_3',
  'test_success_3s_x',
  'xtest_fail',
  'test_other_3s',
])('leaves %s alone', idcardid => {
  expect(readTestSerial(idcardid)).toBeNull()
  expect(scriptOfSerial(idcardid)).toBeNull()
})
