import { isDeepStrictEqual } from 'node:util'
import type { Context } from 'hono'
import type { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Language } from '../../core/language.ts'
import { areTestSerialsOn, readTestSerial, TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { createTtlCache } from '../../core/ttl-cache.ts'
import type { Account } from '../../store/accounts/rows.ts'
import type { NewRegistration, Registered } from '../../store/registrations/registering.ts'
import type { Registration } from '../../store/registrations/registration.ts'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { setHeader } from '../caller.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { traceparentOf } from '../frame.ts'
import { QUOTA_NAMES } from '../json/fields.ts'
import { problemOf } from '../json/problem.ts'
import { readBody } from '../json/request-body.ts'
import { checkBody, invalid } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import { BATCH_BYTES } from '../rates.ts'
import {
  ACCOUNT_FORM,
  BATCH_BODY,
  BATCH_RESULTS,
  checkedRegistration,
  IGNORED,
  type REFUSED,
  REGISTRATION,
  REGISTRATION_BODY,
  type RegistrationBody,
  viewDue,
  viewRegistration,
} from './registration-schemas.ts'

type Result = z.output<typeof BATCH_RESULTS>['results'][number]

const ANSWERS = {
  created: 'created',
  existing: 'same',
  taken: 'conflict',
  too_many: 'conflict',
  over_quota: 'refused',
  unreadable: 'refused',
} as const satisfies Record<Registered['outcome'], 'created' | 'same' | 'conflict' | 'refused'>

/** Registers singly and in batches: every item has its own result, and an invalid item does not affect the others. */
export const createRegistrar = (deps: SharedDeps) => {
  const { store, rates, enumerationGuard, emit } = deps
  const { sandbox } = deps.config.upstream
  const schema = checkedRegistration({ ...deps, testSerials: areTestSerialsOn(deps.config.upstream) })
  const findAccount = createAccountFinder(deps)

  /** Returns the item for the store. Throws `AppError('invalid_body')` if the partner cannot use the account. */
  const itemOf = async (c: Context<ApiEnv>, body: RegistrationBody, isBatch: boolean): Promise<NewRegistration> => {
    const partnerId = c.get('partnerId')
    const account = await findAccount(partnerId, body.account)
    const isTest = sandbox && readTestSerial(body.idcardid) !== null
    return {
      id: deps.newId('reg'),
      partnerId,
      accountId: isTest ? TEST_ACCOUNT_ID : account.id,
      idcardid: body.idcardid,
      callbackUrl: body.callbackUrl,
      metadata: body.metadata ?? NOT_SENT,
      expiresAt: body.expiresAt ?? null,
      ttlMs: deps.config.polling.registrationTtlMs,
      isBatch,
      traceparent: traceparentOf(c),
    }
  }

  /** Emits a refusal caused by the registration itself. */
  const emitRefused = (partnerId: string, error: unknown): void => {
    if (error instanceof AppError && error.code !== 'unavailable' && error.code !== 'too_many_requests')
      emit('registration.answered', { partnerId, registrationId: null, answer: 'refused' })
  }

  const tell = (partnerId: string, registered: Registered): void => {
    const registration = 'registration' in registered ? registered.registration : null
    const registrationId = registration?.id ?? null
    emit('registration.answered', { partnerId, registrationId, answer: ANSWERS[registered.outcome] })
    // The verdict of its serial was known.
    if (registered.outcome === 'created' && registration && registration.status !== 'pending') {
      emit('verdict.received', { partnerId, status: registration.status === 'succeeded' ? 'succeeded' : 'failed' })
      emit('registration.ended', { partnerId, registrationId: registration.id, end: 'verdict', reason: null, ageMs: 0 })
    }
    if (registered.outcome === 'taken') enumerationGuard.recordConflict(partnerId)
  }

  const one = async (c: Context<ApiEnv>) => {
    const partnerId = c.get('partnerId')
    const read = async () => {
      const body = await readBody(c, schema)
      rates.take('registrations', partnerId)
      return itemOf(c, body, false)
    }
    const item = await read().catch(error => {
      emitRefused(partnerId, error)
      throw error
    })
    const registered = await deps.register(item)
    tell(partnerId, registered)
    if (!('registration' in registered)) throw refusalOf(registered)
    const { outcome, registration } = registered
    const ignored = ignoredOf(item, registration)
    setHeader(c, 'location', `/v1/registrations/${registration.id}`)
    if (ignored.length > 0) setHeader(c, 'idface-ignored', ignored.join(', '))
    return c.json(viewDue(registration, store.now()), outcome === 'created' ? 201 : 200)
  }

  const batch = async (c: Context<ApiEnv>, registrations: readonly unknown[]) => {
    const partnerId = c.get('partnerId')
    const isBatch = registrations.length > 1
    if (isBatch) refuseIfSlowed(enumerationGuard.slowedForMs(partnerId))
    rates.take('registrations', partnerId, registrations.length)
    const read = async (body: unknown) => itemOf(c, checkBody(body, schema), isBatch)
    const checked = await Promise.all(
      registrations.map(body =>
        read(body).catch(error => {
          emitRefused(partnerId, error)
          if (error instanceof AppError && error.code !== 'unavailable') return error
          throw error
        }),
      ),
    )
    const items = checked.flatMap(item => (item instanceof AppError ? [] : [item]))
    const inOrder = (await store.register(items)).values()
    const language = answerLanguage(c)
    const resultOf = (item: NewRegistration): Result => {
      const registered = inOrder.next().value as Registered
      tell(partnerId, registered)
      if (!('registration' in registered)) return viewRefusal(refusalOf(registered), language)
      const registration = viewRegistration(registered.registration)
      if (registered.outcome === 'created') return { status: 201, registration }
      const ignored = ignoredOf(item, registered.registration)
      return { status: 200, registration, ...(ignored.length > 0 ? { ignored } : {}) }
    }
    return c.json({
      results: checked.map(item => (item instanceof AppError ? viewRefusal(item, language) : resultOf(item))),
    })
  }

  return { one, batch }
}

export const REGISTER_CALLS = {
  'POST /v1/registrations': {
    operationId: 'register',
    summary: 'Register a serial',
    description:
      'The registration is durable before the answer is sent, and the request may be repeated: the same `idcardid` and `callbackUrl` return the existing registration, with 200 and, in `idface-ignored`, the fields that differ; after `unresolved` or `cancelled` they are registered anew, with a new `id`. If the verdict is known already, the webhook is sent at once.',
    body: REGISTRATION_BODY,
    answers: { 201: REGISTRATION, 200: REGISTRATION },
    problems: ['conflict', 'forbidden'],
    // It reads its body itself, since a refused one is an event.
    createHandler: ({ registrar }) => registrar.one,
  },
  'POST /v1/registrations/batch': operation({
    operationId: 'registerBatch',
    summary: 'Register up to 1,000 serials',
    description:
      'Every item has its own result, and an invalid item does not affect the others. The body may have up to 1 MiB. Every item counts against the partner’s rate of registrations: if the rate does not suffice for the whole batch, the answer is 429 and no item is accepted.',
    body: BATCH_BODY,
    limit: BATCH_BYTES,
    answers: { 200: BATCH_RESULTS },
    handle: (c, { registrar }, { body }) => registrar.batch(c, body.registrations),
  }),
} satisfies PartnerCalls

const ENUMERATED = {
  en: 'Your last serials look enumerated, so batches are refused for now. Register one serial at a time.',
  zh: '检测到疑似遍历流水号，暂不接受批量登记，请逐个登记。',
}

/** One request a second is slow only if each of them has one serial. */
const refuseIfSlowed = (slowedForMs: number): void => {
  if (slowedForMs > 0) throw new AppError('too_many_requests', ENUMERATED, { retryAfterMs: slowedForMs })
}

const viewRefusal = ({ code, detail, errors }: AppError, language: Language): Result => {
  const problem = problemOf({ code, detail, errors }, language)
  return { status: problem.status as (typeof REFUSED)[number], problem }
}

/** Stands for metadata that were not sent. An empty object that was sent is another object. */
const NOT_SENT = {}
const DIFFERS: Record<(typeof IGNORED)[number], (item: NewRegistration, stored: Registration) => boolean> = {
  metadata: ({ metadata }, stored) => metadata !== NOT_SENT && !isDeepStrictEqual(metadata, stored.metadata),
  expiresAt: ({ expiresAt }, stored) => expiresAt !== null && expiresAt !== stored.expiresAt,
}
const ignoredOf = (item: NewRegistration, stored: Registration) => IGNORED.filter(name => DIFFERS[name](item, stored))

const ACCOUNT_NAME = /^[\x21-\x7e]{1,128}$/

/** Caches the ids of accounts, which are few and stay: a burst of registrations reads each of them once. */
const createAccountFinder = ({ store, now }: Pick<SharedDeps, 'store' | 'now'>) => {
  // Neither a partner's id nor an account's name contains a space.
  const load = (key: string): Promise<Account | null> => {
    const [partnerId = '', name = ''] = key.split(' ')
    return store.accountFor(partnerId, name === '' ? null : name)
  }
  const find = createTtlCache({ ttlMs: 1 * SECOND, size: 10_000, now, load })

  return async (partnerId: string, name: string | undefined): Promise<Account> => {
    // The most frequent key is a string that exists already, so that its hash is not computed again.
    const key = name === undefined ? partnerId : `${partnerId} ${name}`
    const account = name === undefined || ACCOUNT_NAME.test(name) ? await find(key) : null
    if (account) return account
    if (name === undefined) throw new AppError('unavailable', NO_ACCOUNT)
    throw invalid('body', [{ path: 'account', message: ACCOUNT_FORM }])
  }
}

const NO_ACCOUNT = { en: 'The service has no upstream account yet.', zh: '服务尚未配置 GetResult 账户。' }
const TAKEN = { en: 'This serial is registered by another partner.', zh: '该流水号已由其他合作方登记。' }
const UNREADABLE = {
  en: 'This serial has its verdict, but the service cannot read it. The operator has been notified; register it again later.',
  zh: '该流水号已有结果，但服务无法读取，运维人员已收到告警。请稍后重新登记。',
}
const LATER = { retryAfterMs: 60 * SECOND }

/** Returns the error for a registration that the store has refused. */
const refusalOf = (refused: Exclude<Registered, { registration: Registration }>): AppError => {
  if (refused.outcome === 'taken') return new AppError('conflict', TAKEN)
  if (refused.outcome === 'unreadable') return new AppError('unavailable', UNREADABLE, LATER)
  const { limit } = refused
  if (refused.outcome === 'too_many')
    return new AppError('conflict', {
      en: `This serial has ${limit} registrations already, which is the maximum.`,
      zh: `该流水号已有 ${limit} 条登记，达到单个流水号的上限。`,
    })
  const { en, zh } = QUOTA_NAMES[refused.quota]
  const detail = {
    en: `You have reached your limit of ${limit} ${en}.`,
    zh: `已达到您的配额上限：${zh}最多 ${limit} 个。`,
  }
  // Waiting does not help against the limit of hosts.
  return refused.quota === 'hosts'
    ? new AppError('forbidden', detail)
    : new AppError('too_many_requests', detail, LATER)
}
