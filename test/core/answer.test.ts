import { describe, expect, test } from 'vitest'
import { type Answer, type AnswerFields, readAnswer } from '../../src/core/answer.ts'

const fields = (some: Partial<AnswerFields>): AnswerFields => ({
  code: 2,
  status: undefined,
  message: undefined,
  livingScore: undefined,
  similarity: undefined,
  ...some,
})

const read = (some: Partial<AnswerFields>): Answer => readAnswer(fields(some))

const verdictOf = (some: Partial<AnswerFields>) => {
  const answer = read({ status: 'SUCCESS', ...some })
  return answer.kind === 'verdict' ? answer.verdict : null
}

const TABLE: [number, Answer][] = [
  [0, { kind: 'transient', code: 0, cause: 'upstream_error' }],
  [1, { kind: 'transient', code: 1, cause: 'upstream_error' }],
  [2, { kind: 'transient', code: 2, cause: 'no_result' }],
  [400, { kind: 'account', code: 400, fault: 'egress_ip' }],
  [401, { kind: 'account', code: 401, fault: 'credentials_missing' }],
  [402, { kind: 'account', code: 402, fault: 'credentials_missing' }],
  [403, { kind: 'account', code: 403, fault: 'app_missing' }],
  [405, { kind: 'account', code: 405, fault: 'credentials_wrong' }],
  [4050, { kind: 'account', code: 4050, fault: 'frozen' }],
  [40501, { kind: 'clock', code: 40501 }],
  [40502, { kind: 'clock', code: 40502 }],
  [40505, { kind: 'account', code: 40505, fault: 'no_contract' }],
  [4051, { kind: 'account', code: 4051, fault: 'password_or_balance' }],
  [4052, { kind: 'account', code: 4052, fault: 'egress_ip' }],
  [4060, { kind: 'invalid_id', code: 4060 }],
  [4061, { kind: 'not_found', code: 4061 }],
  [4080, { kind: 'throttled', code: 4080, retryAfterMs: null }],
  [4085, { kind: 'throttled', code: 4085, retryAfterMs: null }],
  [4089, { kind: 'throttled', code: 4089, retryAfterMs: null }],
  ...[3, 40, 200, 404, 406, 408, 4053, 4062, 4079, 4090, 40500, 40503, 40510, 40800, -1, 999_999_999].map(
    (code): [number, Answer] => [code, { kind: 'transient', code, cause: 'unknown_code' }],
  ),
]

describe('a code', () => {
  test.each(TABLE)('%i is classified', (code, answer) => {
    expect(read({ code })).toEqual(answer)
  })

  test.each(TABLE.filter(([code]) => code !== 2))('%i brings no verdict, even beside SUCCESS', (code, answer) => {
    expect(read({ code, status: 'SUCCESS', message: '认证成功', similarity: '100' })).toEqual(answer)
  })

  test.each([[undefined], [''], [' '], ['+2'], ['２'], [true], [2.5], [`2${'0'.repeat(20)}`], [{ code: 2 }]])(
    'U7 that is %j is none',
    code => {
      expect(read({ code, status: 'SUCCESS' })).toEqual({
        kind: 'transient',
        code: null,
        cause: 'unparseable',
      })
    },
  )
})

describe('code 2', () => {
  test.each(['SUCCESS', 'FAIL'] as const)('with %s is a verdict', status => {
    expect(read({ status, message: '认证成功', livingScore: '', similarity: '100' })).toEqual({
      kind: 'verdict',
      code: 2,
      verdict: { status, message: '认证成功', livingScore: null, similarity: '100' },
    })
  })

  test.each(['ING', 'SCAN', 'INIT', 'ing', ' Scan '])('with %j waits', status => {
    expect(read({ status })).toEqual({ kind: 'waiting', code: 2, status: status.trim() })
  })

  test.each([undefined, '', [], true])('U7 with status %j has no result', status => {
    expect(read({ status, message: '认证成功', similarity: '100' })).toEqual({
      kind: 'transient',
      code: 2,
      cause: 'no_result',
    })
  })

  test.each(['success', 'PASS', 'SUCCESS!', 'SUC CESS', 'ＳＵＣＣＥＳＳ'])('U7 with %j guesses no verdict', status => {
    expect(read({ status, message: '认证成功' })).toEqual({ kind: 'unknown_status', code: 2, status })
  })

  test('U16 takes no verdict from a status with an invisible character in it', () => {
    expect(read({ status: 'SUCCESS\u0000' })).toEqual({ kind: 'unknown_status', code: 2, status: 'SUCCESS\uFFFD' })
    expect(read({ status: '\u200BSUCCESS' }).kind).toBe('unknown_status')
  })

  test('decides the same whatever the message says', () => {
    expect(read({ status: 'FAIL', message: '认证成功' })).toMatchObject({ verdict: { status: 'FAIL' } })
    expect(read({ status: 'ING', message: '认证失败' }).kind).toBe('waiting')
  })
})

describe('a score', () => {
  test.each([
    ['100', '100'],
    ['95.25', '95.25'],
    [' 95.250 ', '95.250'],
    [95.25, '95.25'],
    ['', null],
    [[], null],
    [true, null],
  ])('%j becomes %j', (score, expected) => {
    expect(verdictOf({ livingScore: score, similarity: score })).toMatchObject({
      livingScore: expected,
      similarity: expected,
    })
  })
})

describe('a message', () => {
  test.each([
    ['认证成功', '认证成功'],
    [' ok ', 'ok'],
    ['', null],
    [' \n', null],
    [null, null],
    [['x'], null],
    [7, '7'],
    ['first\nsecond', 'first second'],
    ['a\u0000b\u001Bc\u0085d', 'a\uFFFDb\uFFFDc\uFFFDd'],
    ['a\uD83Db\uDE00', 'a\uFFFDb\uFFFD'],
    ['👍🏽 مرحبا', '👍🏽 مرحبا'],
  ])('U16 %j becomes %j', (message, expected) => {
    expect(verdictOf({ message })?.message).toBe(expected)
  })

  test('U16 is cut at 200 characters, never through a surrogate pair', () => {
    expect(verdictOf({ message: 'x'.repeat(1_000_000) })?.message).toBe('x'.repeat(200))
    expect(verdictOf({ message: `${'x'.repeat(199)}😀` })?.message).toBe('x'.repeat(199))
    expect(verdictOf({ message: `${'x'.repeat(198)}😀y` })?.message).toBe(`${'x'.repeat(198)}😀`)
  })
})
