import type { z } from 'zod'
import type { Language, Words } from '../../core/language.ts'
import { SERIAL_FORM } from '../../core/registration-input.ts'
import { problemOf } from '../json/problem.ts'
import { invalid } from '../json/validate.ts'
import type { ANSWERS, RequestInput, Requests } from './schemas.ts'
import type { WEBHOOKS } from './webhooks.ts'

type Answers = typeof ANSWERS & typeof WEBHOOKS
type Examples = { [Name in keyof Answers]?: z.output<Answers[Name]> } & {
  [Name in keyof Requests]?: RequestInput<Name>
}

const CREATED = '2026-11-24T08:00:00.000Z'
const RESOLVED = '2026-11-24T08:03:20.000Z'
const ULID = '01KAW2X5G0Q8T3M6V9Y1B4D7FH'
const REGISTRATION = {
  id: `reg_${ULID}`,
  idcardid: '16236437872836',
  callbackUrl: 'https://partner.example/hook',
  metadata: { order: '42' },
  status: 'succeeded',
  reason: null,
  result: { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' },
  polls: 7,
  lastPolledAt: RESOLVED,
  nextPollAt: null,
  delivery: { messageId: `msg_${ULID}`, state: 'delivered', attempts: 1, nextAttemptAt: null },
  createdAt: CREATED,
  expiresAt: '2026-11-25T08:00:00.000Z',
  resolvedAt: RESOLVED,
} as const
/** As the answer to its registration shows it. */
export const NEW_REGISTRATION = {
  ...REGISTRATION,
  status: 'pending',
  result: null,
  polls: 0,
  lastPolledAt: null,
  nextPollAt: CREATED,
  delivery: { messageId: null, state: 'pending', attempts: 0, nextAttemptAt: null },
  resolvedAt: null,
} as const
const ATTEMPT = {
  at: RESOLVED,
  outcome: 'delivered',
  httpStatus: 200,
  error: null,
  errorText: null,
  durationMs: 84,
  responseExcerpt: 'ok',
} as const
const CALLBACK = { idcardid: '16236437872836', callbackUrl: 'https://partner.example/hook' }
const PARTNER_ID = 'partner_01KAW2X5G0A1B2C3D4E5F6G7H8'
const NOTED = { metadata: { order: '42' }, observedAt: RESOLVED, previousPollAt: '2026-11-24T08:03:15.000Z' }
const SUBJECT = { registrationId: `reg_${ULID}`, idcardid: '16236437872836' }
const SUCCEEDED = {
  type: 'idface.succeeded',
  timestamp: RESOLVED,
  data: {
    ...SUBJECT,
    status: 'SUCCESS',
    reason: null,
    message: '认证成功',
    livingScore: null,
    similarity: '100',
    ...NOTED,
  },
} as const
const { code, detail, errors } = invalid('body', [{ path: 'idcardid', message: SERIAL_FORM }])
const PROBLEM = { code, detail, errors }
const ACCOUNT = {
  id: 'acc_01KAW2X5G0J1K2M3N4P5Q6R7S8',
  account: 'C12345678',
  mode: 'dynamic',
  rate: 5,
  partnerId: null,
  paused: true,
  reason: 'egress_ip',
  code: 4052,
  since: CREATED,
  reachable: true,
  error: null,
} as const

const EXPLANATION = {
  registrationId: REGISTRATION.id,
  status: 'pending',
  reason: null,
  at: RESOLVED,
  polling: {
    lastAnswer: 'waiting',
    code: 2,
    status: 'ING',
    polls: 7,
    lastPolledAt: RESOLVED,
    nextPollAt: '2026-11-24T08:03:25.000Z',
    queue: null,
  },
  account: { paused: false, reason: null, code: null, since: null },
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
} as const
const SENTENCE: Words = {
  en: 'At 2026-11-24 08:03:20 UTC the upstream answered that the user has not finished yet (status ING). The next call is at 2026-11-24 08:03:25 UTC (in 5 s).',
  zh: '截至北京时间 2026-11-24 16:03:20，用户尚未完成核验（状态 ING）。下次查询时间：北京时间 2026-11-24 16:03:25（5 秒后）。',
}

/** Those that are the same in every language. */
const EXAMPLES: Examples = {
  RegistrationRequest: { ...CALLBACK, metadata: { order: '42' } },
  BatchRequest: { registrations: [CALLBACK] },
  LookupRequest: { idcardids: ['16236437872836', '16236437872837'] },
  ResendRequest: { since: '2026-11-24T00:00:00Z', until: '2026-11-24T12:00:00Z', delivery: 'exhausted' },
  RotateRequest: { overlap: '24h', type: 'v1' },
  CallbackTestRequest: { callbackUrl: 'https://partner.example/hook' },
  PartnerRequest: { name: 'Example Ltd' },
  PartnerChangeRequest: { disabled: false, quotas: { daily: 10_000 } },
  KeyRequest: { expiresAt: '2099-12-31T00:00:00Z' },
  CallbackEnablingRequest: { partnerId: PARTNER_ID, callbackUrl: CALLBACK.callbackUrl, reason: 'They have mended it.' },
  Callback: {
    partnerId: PARTNER_ID,
    callbackUrl: CALLBACK.callbackUrl,
    state: 'disabled',
    since: '2026-11-18T22:40:00.000Z',
    heldSince: '2026-11-23T23:04:00.000Z',
    lastError: 'http_503',
    held: 12,
  },
  EnabledCallback: { released: true },
  AccountRequest: { account: 'C87654321', apiKey: 'the-APIKEY-of-the-vendor', mode: 'dynamic', rate: 5 },
  Registration: REGISTRATION,
  LookupResults: {
    data: [
      { idcardid: '16236437872836', registrations: [REGISTRATION] },
      { idcardid: '16236437872837', registrations: [] },
    ],
  },
  Attempt: ATTEMPT,
  Event: {
    messageId: `msg_${ULID}`,
    registrationId: `reg_${ULID}`,
    type: 'idface.succeeded',
    createdAt: RESOLVED,
    delivery: 'exhausted',
    body: JSON.stringify(SUCCEEDED),
    headers: {
      'webhook-id': `msg_${ULID}`,
      'webhook-timestamp': '1795509800',
      'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
    },
  },
  Resend: {
    id: 'resend_01KAW2X5G0T1V2W3X4Y5Z6A7B8',
    since: '2026-11-24T00:00:00.000Z',
    until: '2026-11-24T12:00:00.000Z',
    count: 312,
    resent: 200,
    done: false,
  },
  SigningSecret: { id: 'secret_01KAW2X5G0C1D2E3F4G5H6J7K8', type: 'v1', createdAt: CREATED, expiresAt: null },
  NewSigningSecret: {
    id: 'secret_01KAW2X5G0C1D2E3F4G5H6J7K8',
    type: 'v1a',
    secret: 'whpk_rQdfm4fJt0lwhLd1l0XhC6h0ZDLo3W2MkP5pH2fTKBQ=',
    previousExpiresAt: '2026-11-25T08:00:00.000Z',
  },
  Me: {
    partnerId: PARTNER_ID,
    name: 'Example Ltd',
    payload: 'full',
    rate: { perSecond: 200, burst: 400 },
    registrationRate: { perSecond: 200, burst: 2_000 },
    quotas: { pending: null, hosts: 3, daily: 10_000 },
    usage: { pending: 12, hosts: 1, daily: 340, at: RESOLVED },
  },
  Status: {
    at: RESOLVED,
    upstream: { reachable: true, since: null, error: null },
    account: { paused: false, reason: null, code: null, since: null },
    queue: { before: 0, rate: 5, waitSeconds: 0 },
    deliveries: { since: '2026-11-24T07:03:20.000Z', delivered: 341, pending: 2, exhausted: 0, successRate: 0.994 },
    callbacks: [
      {
        callbackUrl: 'https://partner.example/old-hook',
        state: 'disabled',
        since: '2026-11-18T22:40:00.000Z',
        heldSince: '2026-11-23T23:04:00.000Z',
        lastError: 'http_503',
        held: 12,
      },
    ],
  },
  Partner: {
    id: PARTNER_ID,
    name: 'Example Ltd',
    disabled: false,
    payload: 'full',
    quotas: { pending: null, hosts: null, daily: 10_000 },
    createdAt: CREATED,
  },
  NewPartner: { partnerId: PARTNER_ID, name: 'Example Ltd', apiKey: 'ifn_…', signingSecret: 'whsec_…' },
  Key: {
    id: 'key_01KAW2X5G0L1M2N3P4Q5R6S7T8',
    createdAt: CREATED,
    lastUsedAt: RESOLVED,
    expiresAt: null,
    revoked: false,
  },
  NewKey: { id: 'key_01KAW2X5G0L1M2N3P4Q5R6S7T8', partnerId: PARTNER_ID, apiKey: 'ifn_…', expiresAt: null },
  Account: ACCOUNT,
  Readiness: { status: 'ok', version: '0.1.0', checks: [{ name: 'database', ok: true, reason: null }] },
  SucceededWebhook: SUCCEEDED,
  FailedWebhook: {
    type: 'idface.failed',
    timestamp: RESOLVED,
    data: {
      ...SUBJECT,
      status: 'FAIL',
      reason: null,
      message: '活体检测未通过',
      livingScore: '0.21',
      similarity: '45.5',
      ...NOTED,
    },
  },
  UnresolvedWebhook: {
    type: 'idface.unresolved',
    timestamp: RESOLVED,
    data: {
      ...SUBJECT,
      status: 'ING',
      reason: 'expired',
      message: null,
      livingScore: null,
      similarity: null,
      ...NOTED,
    },
  },
  TestWebhook: {
    type: 'idface.test',
    timestamp: RESOLVED,
    data: {
      registrationId: `reg_${ULID}`,
      idcardid: 'test',
      status: null,
      reason: null,
      message: null,
      livingScore: null,
      similarity: null,
      metadata: {},
      observedAt: RESOLVED,
      previousPollAt: null,
    },
  },
  CallbackDisabledWebhook: {
    type: 'idface.callback_disabled',
    timestamp: '2026-11-24T08:00:00.000Z',
    data: {
      callbackUrl: 'https://partner.example/old-hook',
      since: '2026-11-19T07:31:02.417Z',
      lastError: { httpStatus: 503, error: null },
    },
  },
}

/** By the name of the schema. A schema without an example is shown by the examples of its parts. */
export const examplesIn = (language: Language): Examples => {
  const problem = problemOf(PROBLEM, language)
  return {
    ...EXAMPLES,
    Problem: problem,
    BatchResults: {
      results: [
        { status: 201, registration: NEW_REGISTRATION },
        { status: 422, problem },
      ],
    },
    Explanation: { ...EXPLANATION, language, sentence: SENTENCE[language] },
  }
}
