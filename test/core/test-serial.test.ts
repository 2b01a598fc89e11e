import { describe, expect, test } from 'vitest'
import { SERIAL } from '../../src/core/registration-input.ts'
import {
  answerOfTestSerial,
  areTestSerialsOn,
  isMisspelt,
  isSentTwice,
  readTestSerial,
} from '../../src/core/test-serial.ts'

describe('a test serial', () => {
  const PLAIN = { afterMs: 0, similarity: null, livingScore: null, twice: false }
  test.each([
    ['test_success', { ...PLAIN, outcome: 'success' }],
    ['test_success_3s', { ...PLAIN, outcome: 'success', afterMs: 3_000 }],
    ['test_fail_10m', { ...PLAIN, outcome: 'fail', afterMs: 600_000 }],
    ['test_notfound', { ...PLAIN, outcome: 'notfound' }],
    ['test_expire_500ms', { ...PLAIN, outcome: 'expire', afterMs: 500 }],
    ['test_invalid', { ...PLAIN, outcome: 'invalid' }],
    ['test_unknown_5s', { ...PLAIN, outcome: 'unknown', afterMs: 5_000 }],
    ['test_success_3s_order-42', { ...PLAIN, outcome: 'success', afterMs: 3_000 }],
    ['test_success_3s_2', { ...PLAIN, outcome: 'success', afterMs: 3_000 }],
    ['test_success_order-42', { ...PLAIN, outcome: 'success' }],
    ['test_success_similarity_95', { ...PLAIN, outcome: 'success', similarity: '95' }],
    [
      'test_fail_2s_similarity_40_living_0_my-1',
      { ...PLAIN, outcome: 'fail', afterMs: 2_000, similarity: '40', livingScore: '0' },
    ],
    ['test_success_twice', { ...PLAIN, outcome: 'success', twice: true }],
    ['test_expire_1s_twice_a', { ...PLAIN, outcome: 'expire', afterMs: 1_000, twice: true }],
    ['test_success_2', { ...PLAIN, outcome: 'success' }],
    ['test_invalid_2', { ...PLAIN, outcome: 'invalid' }],
    ['test_notfound_1764579600', { ...PLAIN, outcome: 'notfound' }],
    ['test_success_twice_2', { ...PLAIN, outcome: 'success', twice: true }],
    ['test_success_similarity_95_2', { ...PLAIN, outcome: 'success', similarity: '95' }],
    ['test_success_twicely', { ...PLAIN, outcome: 'success' }],
  ])('%s is read, and a serial that can be registered', (idcardid, serial) => {
    expect(readTestSerial(idcardid)).toEqual(serial)
    expect(idcardid).toMatch(SERIAL)
  })

  test.each([
    '16236437872836',
    'test_',
    'test_success_3_order',
    'test_success_3S',
    'test_success_3x',
    'test_success_similarity_1000',
    'test_twice',
    'test_success_3s_',
    'test_success_order 42',
    'test_success_3s\n',
    'test_other_3s',
    'test_success_twice_3s',
    'test_success_similarity_101',
    'test_success_similarity',
    'test_success_twice_similarity_95',
    'test_notfound_similarity_95',
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

  test.each([
    ['by the service', { sandbox: true, url: 'https://api.example/GetResult' }, true],
    ['by a simulator', { sandbox: false, url: 'http://127.0.0.1:8090/GetResult' }, true],
    ['by nobody', { sandbox: false, url: 'https://api.example/GetResult' }, false],
  ])('is answered %s', (_, upstream, expected) => {
    expect(areTestSerialsOn(upstream)).toBe(expected)
  })

  test('may be misspelt', () => {
    for (const typed of ['TEST_SUCCESS', 'test-success-3s', 'test_sucess_3s'])
      expect([typed, isMisspelt(typed)]).toEqual([typed, true])
    for (const serial of ['16236437872836', 'test', 'testing-1', 'test_fail']) expect(isMisspelt(serial)).toBe(false)
  })

  test('has the scores that it names, and is malformed or undocumented', () => {
    const answer = (idcardid: string) => {
      const serial = readTestSerial(idcardid)
      return serial && answerOfTestSerial(serial, 0)
    }
    const verdict = { similarity: '95', livingScore: '88' }
    expect(answer('test_fail_similarity_95_living_88')).toMatchObject({ verdict: { status: 'FAIL', ...verdict } })
    expect(answer('test_success_similarity_95_living_88')).toMatchObject({ verdict: { status: 'SUCCESS', ...verdict } })
    expect(answer('test_invalid')).toEqual({ kind: 'invalid_id', code: 4060 })
    expect(answer('test_unknown')).toMatchObject({ kind: 'unknown_status', code: 2 })
  })

  test('is told twice where its webhook is one of the sandbox', () => {
    const body = (idcardid: string, more = {}) => JSON.stringify({ data: { idcardid, ...more } })
    expect(isSentTwice(body('test_success_twice', { sandbox: true }))).toBe(true)
    expect(isSentTwice(body('test_success_twice'))).toBe(false)
    expect(isSentTwice(body('test_success', { sandbox: true }))).toBe(false)
  })
})
