import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { monotonicFactory } from 'ulid'
import { afterEach, beforeEach } from 'vitest'
import { createEventSigner } from '../../../src/callback/signing.ts'
import { readConfig } from '../../../src/config/read-config.ts'
import type { Config } from '../../../src/config/settings.ts'
import type { Answer } from '../../../src/core/answer.ts'
import { createAdminToken } from '../../../src/core/api-key.ts'
import { judgeUrl } from '../../../src/core/callback-url.ts'
import { MINUTE } from '../../../src/core/duration.ts'
import { afterAttempt, attemptOriginOf } from '../../../src/core/message.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import type { Role } from '../../../src/core/role.ts'
import { Secret } from '../../../src/core/secret.ts'
import { afterAnswer } from '../../../src/core/verification.ts'
import { createApi } from '../../../src/http/api.ts'
import type { ApiDeps } from '../../../src/http/api-env.ts'
import type { Account } from '../../../src/store/accounts/rows.ts'
import type { Store } from '../../../src/store/store.ts'
import { createEmit } from '../../../src/telemetry/emit.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { masterKey, openNewStore } from '../../support/sqlite-template.ts'
import { CLAIM_ALL, POLICY } from '../../support/store.ts'

export const ADMIN_TOKEN = 'the-operator-of-all-of-these-tests'
export const START = Date.parse('2026-11-24T16:20:00.000Z')
export const HOOK = 'https://partner.example/hook'

/** The defaults. */
const defaults = readConfig({}, 'database')
if (!defaults.ok) throw new Error('the defaults are no settings')
export const DEFAULTS = defaults.config

const SUCCESS: Answer = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' },
}

interface Call {
  key?: string | null
  body?: unknown
  /** Sent as it is. */
  raw?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  headers?: Record<string, string>
  /** The connection's address. */
  from?: string
}

/** Unchecked: tests look into many shapes, and a wrong look fails. */
export type Json = ReturnType<typeof JSON.parse>

export type ApiOverrides = Partial<ApiDeps> & { server?: Partial<Config['server']>; sandbox?: boolean; copy?: ApiCopy }

/** All that an API knew: in one that is opened with it, keys and sessions of that one are good. */
export interface ApiCopy {
  database: Buffer
  clock: { now: number }
  account: Account
  partner: ApiPartner
  other: ApiPartner
}
type ApiPartner = Record<'id' | 'keyId' | 'key', string>

/** The API over a real SQLite store, with two partners, one account, and a clock that stands still. */
export const openApi = async (
  { server, sandbox = false, copy, ...overrides }: ApiOverrides = {},
  wrap = (store: Store): Store => store,
) => {
  const clock = { now: START, ...copy?.clock }
  const now = () => clock.now
  const opened = await openNewStore({ now, defaultRate: 5 }, copy?.database)
  const store = wrap(opened)
  const ulid = monotonicFactory()
  const newId = (prefix: string) => `${prefix}_${ulid(clock.now)}`
  const logged: string[] = []
  const delivered = () => ({
    ...({ at: now(), outcome: 'delivered', httpStatus: 200, error: null } as const),
    ...{ durationMs: 1, responseExcerpt: null, origin: null },
  })
  const deps: ApiDeps = {
    store,
    register: async item => {
      const [registered] = await store.register([item])
      if (!registered) throw new Error('no result')
      return registered
    },
    judgeUrl: text => {
      const verdict = judgeUrl(text, { allowHttp: false, allowed: { contains: () => false } })
      return verdict.ok ? { ok: true, value: verdict.url.href } : verdict
    },
    config: {
      ...DEFAULTS,
      server: {
        ...DEFAULTS.server,
        ...{ apiRate: 100_000, registrationRate: 100_000, adminToken: new Secret(ADMIN_TOKEN), ...server },
      },
      storage: { ...DEFAULTS.storage, masterKey: new Secret(masterKey.toString('base64')) },
      upstream: { ...DEFAULTS.upstream, sandbox },
    },
    rateShare: () => 1,
    trustedProxies: { contains: () => false },
    enumerationGuard: { recordConflict: () => {}, slowedForMs: () => 0 },
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    stopping: new AbortController().signal,
    signEvents: createEventSigner(store),
    testCallback: async () => delivered(),
    testContact: async id => (await store.findContact(id)) && delivered(),
    metrics: { contentType: 'text/plain', text: async () => '' },
    tracer: null,
    newId,
    random: randomBytes,
    emit: createEmit([createLog({ level: 'debug', destination: { write: line => logged.push(line) }, now })]),
    version: '0.0.0',
    ready: async () => [{ name: 'database', ok: true, reason: null }],
    now,
    monotonic: now,
    ...overrides,
  }
  const account =
    copy?.account ??
    (await store.putDefaultAccount({
      id: newId('account'),
      apiId: 'C12345678',
      apiKey: new Secret('upstream-key'),
      passwordMode: 'dynamic',
    }))
  const create = async (name: string) => {
    const { partner, apiKey } = newPartner(name, { newId, random: randomBytes })
    await store.createPartner(partner)
    return { id: partner.id, keyId: partner.key.id, key: apiKey }
  }
  let tokens = 0
  /** A token of the database for the operator's API. */
  const addToken = async (role: Role, expiresAt: number | null = null) => {
    const { id, hash, text } = createAdminToken(`token_${String(tokens++).padStart(26, '0')}`, randomBytes)
    await store.createAdminToken({ id, hash, name: '值班', role, expiresAt })
    return { id, text }
  }
  const { partner, other } = copy ?? { partner: await create('one'), other: await create('other') }
  const app = createApi(deps)

  const call = async (method: string, path: string, { key = partner.key, body, raw, headers, from }: Call = {}) => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const init = {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent, duplex: 'half' as const }),
    }
    const response = await app.request(path, init, { incoming: { socket: { remoteAddress: from } } })
    const whole = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    const json: Json = isJson ? JSON.parse(whole) : null
    // No two answers have the same request id, and many tests compare answers.
    const text = whole.replace(/,"requestId":"[^"]*"(?=\}$)/, '')
    return { status: response.status, headers: response.headers, text, json }
  }

  const register = async (body: Record<string, unknown> = {}, key = partner.key): Promise<Json> => {
    const answer = await call('POST', '/v1/registrations', {
      key,
      body: { idcardid: '16236437872836', callbackUrl: HOOK, ...body },
    })
    if (answer.status >= 300) throw new Error(answer.text)
    return answer.json
  }

  /** A call of the operator's API. */
  const admin = (method: string, path: string, body?: unknown, key = ADMIN_TOKEN) =>
    call(method, `/v1/admin${path}`, { key, body })

  /** Asks whatever is due, and has the upstream answer this. */
  const answerWith = async (answer: Answer, change: Json = null) => {
    const { claims } = await store.claimVerifications({
      busy: new Map(),
      concurrency: 4,
      leaseMs: MINUTE,
    })
    const moment = { now: clock.now, askedAt: clock.now, random: 0.5, policy: POLICY, othersInvalid: false }
    const settlements = claims.flatMap(claim =>
      claim.verifications.map(verification => ({
        id: verification.id,
        claim: verification.claim,
        idcardid: verification.idcardid,
        answer,
        askedAt: clock.now,
        observedAt: clock.now,
        step: afterAnswer(verification, answer, moment),
        account: { id: claim.account.id, change },
      })),
    )
    await store.settleVerifications(settlements)
    return settlements.length
  }

  /** Sends what is due, `slots` at most, and has the receiver answer this. */
  const receiveWith = async (
    httpStatus: number | null,
    { slots = 10, scheduleMs = [5 * MINUTE], responseExcerpt = 'hello' } = {},
  ) => {
    const { messages } = await store.claimMessages({ ...CLAIM_ALL, slots })
    const settlements = messages.map(message => {
      const outcome = { httpStatus, retryAfterMs: null }
      const step = afterAttempt(message, outcome, { now: clock.now, random: 0.5, scheduleMs })
      const kind = step.gone
        ? 'gone'
        : httpStatus === null
          ? 'failed'
          : step.state === 'delivered'
            ? 'delivered'
            : 'rejected'
      const error = httpStatus === null ? 'no_response ECONNREFUSED' : null
      const attempt = {
        at: clock.now,
        outcome: kind,
        httpStatus,
        error,
        durationMs: 12,
        responseExcerpt,
        origin: attemptOriginOf(message),
      } as const
      return { message, step, attempt, hostSignal: httpStatus === null ? null : ('answers' as const) }
    })
    await store.settleMessages(settlements)
    return settlements.length
  }

  const succeed = () => answerWith(SUCCESS)
  const sendAs =
    (sending: Parameters<typeof receiveWith>[1]) =>
    async (httpStatus: number | null, ...registering: Parameters<typeof register>): Promise<Json> => {
      const registration = await register(...registering)
      await succeed()
      await receiveWith(httpStatus, sending)
      return registration
    }

  return {
    app,
    store,
    /** The file of the database. */
    path: opened.path,
    clock,
    logged,
    account,
    partner,
    other,
    addToken,
    call,
    admin,
    register,
    answerWith,
    succeed,
    receiveWith,
    /** Registers, has the serial succeed, and the receiver answer its webhook with this. */
    registerAndSend: sendAs({}),
    /** The same without a retry. */
    registerAndGiveUp: sendAs({ scheduleMs: [] }),
    copy: (): ApiCopy => {
      const file = new Database(opened.path, { readonly: true })
      const database = file.serialize()
      file.close()
      return { database, clock, account, partner, other }
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** The same, opened anew before each test of the file and closed after it. */
export const openApiForEach = () => {
  const api = {} as Awaited<ReturnType<typeof openApi>>
  beforeEach(async () => void Object.assign(api, await openApi()))
  afterEach(() => api[Symbol.asyncDispose]())
  return api
}
