import { expect, test } from 'vitest'
import { PAUSE_REASONS } from '../../../src/core/account.ts'
import type { Answer } from '../../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { REASONS } from '../../../src/core/verification.ts'
import { errorText, explainSentence } from '../../../src/http/partner/explain-sentence.ts'
import type { Attempt } from '../../../src/store/messages/message.ts'
import type { Explanation } from '../../../src/store/registrations/explanations.ts'
import { NEW_REGISTRATION, type Registration, registrationOf } from '../../../src/store/registrations/registration.ts'
import { newRegistration } from '../../support/store.ts'
import { openApi, START } from '../support/api.ts'

const RUNNING = {
  id: 'account_1',
  pausedAt: null,
  pauseReason: null,
  pauseCode: null,
  unreachableAt: null,
  unreachableError: null,
}
const attempt = (values: Partial<Attempt>): Attempt => ({
  at: START - 60 * SECOND,
  outcome: 'rejected',
  httpStatus: 500,
  error: null,
  durationMs: 10,
  responseExcerpt: null,
  origin: 'first',
  ...values,
})

const explanation = (registration: Partial<Registration>, facts: Partial<Explanation> = {}): Explanation => ({
  registration: {
    ...registrationOf(
      {
        ...{ ...newRegistration({ id: 'reg_1', idcardid: '1' }), ...NEW_REGISTRATION },
        ...{ createdAt: START - 60 * SECOND, expiresAt: START + 60 * MINUTE },
        ...{ polls: 1, lastPolledAt: START - 5 * SECOND, dueAt: START + 5 * SECOND },
      },
      { metadata: {}, verdict: null },
    ),
    ...registration,
  },
  lastAnswer: 'waiting',
  lastCode: 2,
  rawStatus: 'ING',
  account: RUNNING,
  isPartnerDisabled: false,
  queue: null,
  lastAttempt: null,
  messageType: null,
  heldSince: null,
  heldBecause: null,
  unsignable: false,
  sending: null,
  allHeldSince: null,
  ...facts,
})

const en = (value: Explanation) => explainSentence(value, { language: 'en', now: START, settleMarginMs: 10 * MINUTE })
const zh = (value: Explanation) => explainSentence(value, { language: 'zh', now: START, settleMarginMs: 10 * MINUTE })

const KINDS = Object.keys({
  verdict: 1,
  waiting: 1,
  unknown_status: 1,
  not_found: 1,
  invalid_id: 1,
  transient: 1,
  throttled: 1,
  account: 1,
  clock: 1,
} satisfies Record<Answer['kind'], 1>) as Answer['kind'][]

/** Every combination that the store can return. */
const everything = function* (): Generator<Explanation> {
  const moments = [null, START - 1, START, START + 1, START + 90 * MINUTE]
  const pauses = PAUSE_REASONS.map(pauseReason => ({ ...RUNNING, pausedAt: START, pauseReason, pauseCode: 405 }))
  for (const lastAnswer of [null, ...KINDS])
    for (const nextPollAt of moments)
      for (const account of [RUNNING, ...pauses, { ...RUNNING, pausedAt: START }])
        for (const lastCode of [null, 2])
          yield explanation({ nextPollAt }, { lastAnswer, account, lastCode, rawStatus: null })
  const attempts = [
    null,
    attempt({}),
    attempt({ outcome: 'failed', httpStatus: null, error: 'no_response ECONNREFUSED' }),
  ]
  const ends = [
    ...(['succeeded', 'failed', 'cancelled'] as const).map(status => ({ status, reason: null })),
    ...[null, ...REASONS].map(reason => ({ status: 'unresolved' as const, reason })),
  ]
  for (const end of ends)
    for (const state of ['pending', 'delivered', 'exhausted'] as const)
      for (const nextAttemptAt of moments)
        for (const lastAttempt of [...attempts, attempt({ outcome: 'gone', httpStatus: 410 })])
          for (const heldSince of [null, START])
            for (const unsignable of [false, true])
              for (const allHeldSince of [null, START])
                for (const count of [0, 3])
                  yield explanation(
                    { ...end, delivery: { messageId: null, state, attempts: count, nextAttemptAt } },
                    { lastAttempt, heldSince, unsignable, sending: unsignable ? 'not_sent' : null, allHeldSince },
                  )
}

test('every explanation has a sentence without blanks, in both languages', () => {
  let count = 0
  for (const value of everything()) {
    for (const sentence of [en(value), zh(value)])
      if (!/[.。]$/.test(sentence) || /[{}]|undefined|null|NaN|Invalid/.test(sentence))
        expect.fail(`${sentence} for ${JSON.stringify(value)}`)
    count++
  }
  expect(count).toBeGreaterThan(2_000)
})

test('a registration past its expiresAt says until when it is pending, and a test serial has no margin', () => {
  const late = { expiresAt: START - MINUTE }
  expect(en(explanation(late))).toContain(
    'Its expiresAt was 2026-11-24 16:19:00 UTC: without a verdict it ends with the first answer after 2026-11-24 16:29:00 UTC.',
  )
  expect(zh(explanation(late))).toContain('将在北京时间 2026-11-25 00:29:00 之后首次得到响应时结束')
  expect(en(explanation({ ...late, isTest: true }))).toContain('after 2026-11-24 16:19:00 UTC')
  for (const other of [{}, { ...late, status: 'succeeded' as const }])
    expect(en(explanation(other))).not.toContain('expiresAt')
})

test('the call answers with the data and the sentence', async () => {
  await using api = await openApi()
  const { id } = await api.register()
  const change = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: START + 10 * MINUTE }
  await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, change)
  const { status, json } = await api.call('GET', `/v1/registrations/${id}/explain`)
  expect(status).toBe(200)
  expect(json).toEqual({
    registrationId: id,
    status: 'pending',
    reason: null,
    language: 'en',
    sentence: expect.stringContaining('the APIID or the APIKEY is wrong (code 405)'),
    at: '2026-11-24T16:20:00.000Z',
    polling: {
      lastAnswer: 'account',
      code: 405,
      status: null,
      polls: 1,
      lastPolledAt: '2026-11-24T16:20:00.000Z',
      nextPollAt: '2026-11-24T16:30:00.000Z',
      until: '2026-11-25T16:30:00.000Z',
      queue: null,
    },
    account: { paused: true, reason: 'credentials_wrong', code: 405, since: '2026-11-24T16:20:00.000Z' },
    delivery: {
      type: null,
      messageId: null,
      state: 'pending',
      attempts: 0,
      lastAttempt: null,
      underWay: false,
      nextAttemptAt: null,
      heldSince: null,
      heldBecause: null,
      unsignable: false,
      allHeldSince: null,
    },
  })
})

test('of a disabled partner it says only that nothing is asked or sent until it is enabled', () => {
  const delivery = { messageId: null, state: 'pending', attempts: 0, nextAttemptAt: START } as const
  const waiting: Partial<Registration>[] = [{ nextPollAt: START }, { status: 'succeeded', delivery }]
  for (const registration of waiting)
    for (const isPartnerDisabled of [false, true]) {
      const sentences = [en, zh].map(say => say(explanation(registration, { isPartnerDisabled })))
      expect(sentences.map(text => /until it is enabled|启用前/.test(text))).toEqual([
        isPartnerDisabled,
        isPartnerDisabled,
      ])
      expect(sentences.map(text => /due now|即将/.test(text))).toEqual([!isPartnerDisabled, !isPartnerDisabled])
    }
})

test('of a registration that was erased after its end says whether its webhook had arrived', () => {
  const erased = (state: 'delivered' | 'exhausted', lastAttempt: Attempt) =>
    explanation(
      { status: 'cancelled', delivery: { messageId: 'msg_1', state, attempts: 2, nextAttemptAt: null } },
      { lastAttempt },
    )
  const arrived = erased('delivered', attempt({ outcome: 'delivered', httpStatus: 200 }))
  expect(en(arrived)).toMatch(/delivered before: attempt 2 at .* HTTP 200/)
  expect(zh(arrived)).toMatch(/此前已送达：第 2 次投递.* HTTP 200/)
  expect(en(erased('exhausted', attempt({})))).toMatch(/no longer sent: attempt 2 at .* HTTP 500/)
})

test('operators read the cause of no_response in words; partners, who see no code, all that it may be', () => {
  expect(errorText('no_response ENOTFOUND', 'en')).toMatch(/no address/)
  expect(errorText('no_response ENOTFOUND', 'en')).not.toMatch(/too long/)
  expect(errorText('no_response ECONNREFUSED', 'zh')).toBe('连接被拒绝：端口未监听')
  expect(errorText('no_response blocked', 'zh')).toBe(errorText('no_response', 'zh'))
  expect(errorText('no_response', 'en')).toMatch(/no address.*too long/)
})
