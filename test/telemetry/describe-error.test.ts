import { DrizzleQueryError } from 'drizzle-orm/errors'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/core/error.ts'
import { describeError } from '../../src/telemetry/describe-error.ts'
import { both } from '../support/words.ts'

const SERIAL = '16236437872836'

describe('describeError', () => {
  test('keeps the words of our own errors, without URLs and long numbers', () => {
    expect(describeError(new AppError('conflict', both('held by another')))).toEqual({
      name: 'AppError',
      code: 'conflict',
      message: 'held by another',
    })
    expect(describeError(new Error(`no ${SERIAL} at https://partner.example/hook?token=1 today`))).toEqual({
      name: 'Error',
      message: 'no **36 at [url] today',
    })
    expect(describeError(new TypeError('x is not a function'))).toMatchObject({ message: 'x is not a function' })
    expect(describeError(new Error('a'.repeat(5_000))).message).toHaveLength(300)
  })

  test('gives of a failed query only the code of its cause', () => {
    const cause = Object.assign(new Error(`duplicate ${SERIAL}`), { code: '23505', detail: SERIAL })
    const error = new DrizzleQueryError('insert into verifications', [SERIAL], cause)
    expect(describeError(error)).toEqual({ name: 'DrizzleQueryError', code: '23505' })
    expect(describeError(new DrizzleQueryError('select 1', [SERIAL]))).toEqual({ name: 'DrizzleQueryError' })
  })

  test('gives of a library error no message', () => {
    class UndiciError extends Error {
      override name = 'ConnectTimeoutError'
      code = 'UND_ERR_CONNECT_TIMEOUT'
    }
    expect(describeError(new UndiciError('https://partner.example'))).toEqual({
      name: 'ConnectTimeoutError',
      code: 'UND_ERR_CONNECT_TIMEOUT',
    })
    expect(describeError(Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }))).toEqual({
      name: 'Error',
      code: 'ECONNREFUSED',
    })
    expect(describeError(new SyntaxError(`Unexpected "${SERIAL}"`))).toEqual({ name: 'SyntaxError' })
    expect(describeError(SERIAL)).toEqual({ name: 'Thrown string' })
    expect(describeError(undefined)).toEqual({ name: 'Thrown undefined' })
  })
})
