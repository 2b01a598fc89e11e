import { expect, test } from 'vitest'
import { scriptOfSerial } from '../../src/simulator/script.ts'

test.each([
  ['test_success', { afterMs: 0, status: 'SUCCESS', similarity: '100', livingScore: null }],
  ['test_success_3s', { afterMs: 3_000, status: 'SUCCESS', similarity: '100', livingScore: null }],
  ['test_fail_10m_similarity_40_living_1', { afterMs: 600_000, status: 'FAIL', similarity: '40', livingScore: '1' }],
  ['test_notfound', { afterMs: 0, code: 4061 }],
  ['test_invalid', { afterMs: 0, code: 4060 }],
  ['test_unknown_1s', { afterMs: 1_000, status: 'UNDOCUMENTED' }],
  ['test_expire_500ms', { afterMs: 500, status: 'ING' }],
])('scripts %s', (idcardid, script) => {
  expect(scriptOfSerial(idcardid)).toEqual(script)
})
