import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { afterAttempt, webhookBody } from '../../src/core/message.ts'
import { webhookContent } from '../support/webhook-content.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const CONTENT = webhookContent(NOW, { observedAt: NOW - SECOND, previousPollAt: NOW - MINUTE })

describe('the text of a webhook', () => {
  test('is this, to the byte, for a verdict', () => {
    expect(webhookBody(CONTENT)).toBe(
      '{"type":"idface.succeeded","timestamp":"2026-11-24T08:00:00.000Z","data":{"registrationId":"reg_01",' +
        '"idcardid":"16236437872836","status":"SUCCESS","reason":null,"message":"认证成功","livingScore":null,' +
        '"similarity":"100","metadata":{"order":"42"},"observedAt":"2026-11-24T07:59:59.000Z",' +
        '"previousPollAt":"2026-11-24T07:59:00.000Z"}}',
    )
  })

  test('leaves out the message and the scores where the partner wants it thin', () => {
    expect(JSON.parse(webhookBody({ ...CONTENT, thin: true }))).toEqual({
      type: 'idface.succeeded',
      timestamp: '2026-11-24T08:00:00.000Z',
      data: {
        registrationId: 'reg_01',
        idcardid: '16236437872836',
        status: 'SUCCESS',
        reason: null,
        metadata: { order: '42' },
        observedAt: '2026-11-24T07:59:59.000Z',
        previousPollAt: '2026-11-24T07:59:00.000Z',
      },
    })
  })

  test('says that it is about a test serial, and only then', () => {
    expect(JSON.parse(webhookBody({ ...CONTENT, sandbox: true })).data.sandbox).toBe(true)
    expect(JSON.parse(webhookBody(CONTENT)).data).not.toHaveProperty('sandbox')
  })
})

const SCHEDULE = [5 * SECOND, 5 * MINUTE, 30 * MINUTE]
const stepAfter = (
  httpStatus: number | null,
  more: { retries?: number; retryAfterMs?: number | null; random?: number } = {},
) =>
  afterAttempt(
    { retries: more.retries ?? 0 },
    { httpStatus, retryAfterMs: more.retryAfterMs ?? null },
    { now: NOW, random: more.random ?? 0.5, scheduleMs: SCHEDULE },
  )

describe('an attempt', () => {
  test.each([200, 201, 202, 204, 226, 299])('that was answered %d has delivered the message', status => {
    expect(stepAfter(status, { retries: 2 })).toEqual({ state: 'delivered', dueAt: null, retries: 2, gone: false })
  })

  test.each([null, 100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 409, 422, 429, 500, 502, 503, 504, 999, 0])(
    'that was answered %j is tried again by the schedule',
    status => {
      expect(stepAfter(status)).toEqual({ state: 'pending', dueAt: NOW + 5 * SECOND, retries: 1, gone: false })
    },
  )

  test('that was answered 410 is the last', () => {
    expect(stepAfter(410)).toEqual({ state: 'exhausted', dueAt: null, retries: 0, gone: true })
    expect(stepAfter(410, { retryAfterMs: HOUR }).dueAt).toBeNull()
  })
})

describe('Retry-After', () => {
  test.each([429, 503])('is obeyed on %d, a day at most, and never earlier than the schedule', status => {
    expect(stepAfter(status, { retryAfterMs: HOUR }).dueAt).toBe(NOW + HOUR)
    expect(stepAfter(status, { retryAfterMs: 30 * DAY }).dueAt).toBe(NOW + DAY)
    expect(stepAfter(status, { retryAfterMs: SECOND }).dueAt).toBe(NOW + 5 * SECOND)
  })

  test.each([null, 301, 404, 500, 502, 504])('means nothing on %j', status => {
    expect(stepAfter(status, { retryAfterMs: HOUR }).dueAt).toBe(NOW + 5 * SECOND)
  })
})

describe('the schedule', () => {
  test('gives whole ms, within a fifth of the delay', () => {
    expect(stepAfter(500, { random: 0 }).dueAt).toBe(NOW + 4 * SECOND)
    expect(stepAfter(500, { random: 0.999_999 }).dueAt).toBe(NOW + 6 * SECOND)
    expect(stepAfter(500, { random: 0.123_456_7 }).dueAt).toBe(NOW + Math.ceil(5 * SECOND * (0.8 + 0.4 * 0.123_456_7)))
  })
})
