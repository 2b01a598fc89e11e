import { describe, expect, test } from 'vitest'
import { PAUSE_REASONS } from '../../../src/core/account.ts'
import type { Answer } from '../../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { REASONS } from '../../../src/core/verification.ts'
import { explainSentence } from '../../../src/http/partner/explain-sentence.ts'
import type { Attempt, Explanation, Registration } from '../../../src/store/store.ts'
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
  ...values,
})

const explanation = (registration: Partial<Registration>, facts: Partial<Explanation> = {}): Explanation => ({
  registration: {
    id: 'reg_1',
    partnerId: 'partner_1',
    isTest: false,
    idcardid: '1',
    callbackUrl: 'https://partner.example/hook',
    metadata: {},
    status: 'pending',
    reason: null,
    verdict: null,
    polls: 1,
    lastPolledAt: START - 5 * SECOND,
    nextPollAt: START + 5 * SECOND,
    delivery: { messageId: null, state: 'pending', attempts: 0, nextAttemptAt: null },
    createdAt: START - 60 * SECOND,
    expiresAt: START + 60 * MINUTE,
    resolvedAt: null,
    ...registration,
  },
  lastAnswer: 'waiting',
  lastCode: 2,
  rawStatus: 'ING',
  account: RUNNING,
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

const succeeded = (delivery: Partial<Registration['delivery']>, facts: Partial<Explanation> = {}) =>
  explanation(
    {
      status: 'succeeded',
      resolvedAt: START - 90 * SECOND,
      nextPollAt: null,
      delivery: { messageId: 'msg_1', state: 'pending', attempts: 0, nextAttemptAt: null, ...delivery },
    },
    facts,
  )

const en = (value: Explanation) => explainSentence(value, { language: 'en', now: START })
const zh = (value: Explanation) => explainSentence(value, { language: 'zh', now: START })

describe('the sentence', () => {
  test.each<[string, Explanation, string]>([
    [
      'waits in a queue',
      explanation(
        { nextPollAt: START - MINUTE },
        { queue: { before: 312, isAtLeast: false, rate: 2.5, at: START + 125 * SECOND } },
      ),
      'At 2026-11-24 16:19:55 UTC the upstream answered that the user has not finished yet (status ING). The next call is due and waits for its turn. Calls of yours before it: 312, at 2.5 a second, so it is made in 3 min, roughly.',
    ],
    [
      'has a paused account',
      explanation(
        {},
        {
          lastAnswer: 'account',
          lastCode: 405,
          account: { ...RUNNING, pausedAt: START - 60 * SECOND, pauseReason: 'credentials_wrong', pauseCode: 405 },
        },
      ),
      'At 2026-11-24 16:19:55 UTC the upstream rejected the account (code 405). This says nothing about the user. The upstream account has been paused since 2026-11-24 16:19:00 UTC: the APIID or the API key is wrong (code 405). The account is tried from time to time, and calls about this serial resume as soon as it works.',
    ],
    [
      'was retried',
      succeeded({ attempts: 2, nextAttemptAt: START + 5 * MINUTE }, { lastAttempt: attempt({}) }),
      'The verification succeeded, as the upstream reported at 2026-11-24 16:18:30 UTC. The webhook has not been delivered yet: attempt 2 at 2026-11-24 16:19:00 UTC was answered with HTTP 500. The next attempt is at 2026-11-24 16:25:00 UTC (in 5 min).',
    ],
    [
      'is held',
      succeeded({}, { heldSince: START - 60 * SECOND }),
      'The verification succeeded, as the upstream reported at 2026-11-24 16:18:30 UTC. The webhook is on hold, because the callback URL answered 410 (gone) at 2026-11-24 16:19:00 UTC. Register the URL again, or POST to /v1/registrations/reg_1/resend.',
    ],
    [
      'is being sent',
      succeeded({ attempts: 1, nextAttemptAt: START - 2 * SECOND }, { sending: 'under_way', lastAttempt: attempt({}) }),
      'The verification succeeded, as the upstream reported at 2026-11-24 16:18:30 UTC. Attempt 2 to deliver the webhook began at 2026-11-24 16:19:58 UTC and is under way.',
    ],
  ])('of one that %s', (_, value, sentence) => expect(en(value)).toBe(sentence))

  test('is Chinese for a reader of Chinese', () => {
    expect(zh(explanation({}))).toBe(
      '截至北京时间 2026-11-25 00:19:55，用户尚未完成核验（状态 ING）。下次查询时间：北京时间 2026-11-25 00:20:05（5 秒后）。',
    )
  })
})

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
    sentence: expect.stringContaining('the APIID or the API key is wrong (code 405)'),
    at: '2026-11-24T16:20:00.000Z',
    polling: {
      lastAnswer: 'account',
      code: 405,
      status: null,
      polls: 1,
      lastPolledAt: '2026-11-24T16:20:00.000Z',
      nextPollAt: '2026-11-24T16:30:00.000Z',
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

test('after a 410 the call shows the last attempt and that the URL is on hold', async () => {
  await using api = await openApi()
  const first = await api.register({ idcardid: 'a' })
  const second = await api.register({ idcardid: 'b' })
  await api.succeed()
  api.clock.now += SECOND
  await api.succeed()
  expect(await api.receiveWith(410, { slots: 1 })).toBe(1)
  const explain = async (id: string) => (await api.call('GET', `/v1/registrations/${id}/explain`)).json
  const explained = [await explain(first.id), await explain(second.id)]
  for (const one of explained) expect(one.sentence).toContain('answered 410 (gone) at 2026-11-24 16:20:01 UTC')
  const at = '2026-11-24T16:20:01.000Z'
  const lastAttempt = expect.objectContaining({ at, outcome: 'gone', httpStatus: 410 })
  const deliveries = explained.map(one => one.delivery)
  expect(deliveries).toContainEqual(expect.objectContaining({ state: 'exhausted', lastAttempt, heldSince: null }))
  expect(deliveries).toContainEqual(expect.objectContaining({ state: 'pending', lastAttempt: null, heldSince: at }))
})

test.each([
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['zh-Hant-TW', 'zh'],
  ['fr, en;q=0.5, zh;q=0.9', 'zh'],
  ['en-GB, zh;q=0.5', 'en'],
  ['zh;q=0', 'en'],
  ['fr', 'en'],
  ['*', 'en'],
  ['', 'en'],
  [';;;q=x', 'en'],
])('Accept-Language %j is answered in %s', async (header, language) => {
  await using api = await openApi()
  const { id } = await api.register()
  const headers = { 'accept-language': header }
  const answer = await api.call('GET', `/v1/registrations/${id}/explain`, { headers })
  expect(answer.json.language).toBe(language)
  expect(answer.headers.get('content-language')).toBe(language)
  expect(answer.headers.get('set-cookie')).toBeNull()
})
