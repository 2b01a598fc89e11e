import { describe, expect, test } from 'vitest'
import { SERIAL } from '../../src/core/registration-input.ts'
import { answerOfTestSerial, readTestSerial } from '../../src/core/test-serial.ts'

describe('a test serial', () => {
  test.each([
    ['test_success', { outcome: 'success', afterMs: 0 }],
    ['test_success_3s', { outcome: 'success', afterMs: 3_000 }],
    ['test_fail_10m', { outcome: 'fail', afterMs: 600_000 }],
    ['test_notfound', { outcome: 'notfound', afterMs: 0 }],
    ['test_expire_500ms', { outcome: 'expire', afterMs: 500 }],
    ['test_success_3s_order-42', { outcome: 'success', afterMs: 3_000 }],
    ['test_success_order-42', { outcome: 'success', afterMs: 0 }],
  ])('%s is read, and a serial that can be registered', (idcardid, serial) => {
    expect(readTestSerial(idcardid)).toEqual(serial)
    expect(idcardid).toMatch(SERIAL)
  })

  test.each([
    '16236437872836',
    'test_',
    'test_success_3_order',
    'test_success_3s_',
    'test_success_order 42',
    'test_success_3s\n',
    'test_other_3s',
  ])('is not %j', idcardid => {
    expect(readTestSerial(idcardid)).toBeNull()
  })

  test('waits until its time has come', () => {
    const ages = (idcardid: string) => {
      const serial = readTestSerial(idcardid)
      return serial && [0, 2_999, 3_000].map(age => answerOfTestSerial(serial, age))
    }
    const waiting = { kind: 'waiting', code: 2, status: 'ING' }
    const verdict = { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' }
    expect(ages('test_success_3s')).toEqual([waiting, waiting, { kind: 'verdict', code: 2, verdict }])
    expect(ages('test_fail_3s')?.[2]).toMatchObject({ kind: 'verdict', verdict: { status: 'FAIL', similarity: null } })
    expect(ages('test_notfound_3s')).toEqual([waiting, waiting, { kind: 'not_found', code: 4061 }])
    expect(ages('test_expire_3s')).toEqual([waiting, waiting, waiting])
  })
})
