import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Language } from '../../core/language.ts'
import { readTestSerial, TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { createTtlCache } from '../../core/ttl-cache.ts'
import type { Account, NewRegistration, Registered, Registration } from '../../store/store.ts'
import type { Part, PartDeps } from '../api-env.ts'
import { setHeader } from '../caller.ts'
import { traceparentOf } from '../frame.ts'
import { QUOTA_NAMES } from '../json/fields.ts'
import { problemOf } from '../json/problem.ts'
import { readBody } from '../json/request-body.ts'
import { checkBody, invalid, noQuery, refuseQuery } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import { BATCH_BYTES } from '../rates.ts'
import {
  ACCOUNT_FORM,
  BATCH_BODY,
  type BATCH_RESULTS,
  createRegistrationBody,
  IGNORED,
  type REFUSED,
  type RegistrationBody,
  viewDue,
  viewRegistration,
} from './registration-schemas.ts'

type Result = z.output<typeof BATCH_RESULTS>['results'][number]

/** `POST /v1/registrations`, and `/batch`: every item has its own result, and an invalid item does not affect the others. */
export const addRegister: Part = (app, deps) => {
  const schema = createRegistrationBody({ ...deps, sandbox: deps.shownSettings.sandbox })
  const registrar = createRegistrar(deps)

  const check = async (partnerId: string, body: unknown, origin: Origin): Promise<NewRegistration | AppError> => {
    try {
      return await registrar.toItem(partnerId, () => checkBody(body, schema), origin)
    } catch (error) {
      if (error instanceof AppError && error.code !== 'unavailable') return error
      throw error
    }
  }

  const resultOf = (item: NewRegistration, registered: Registered, language: Language): Result => {
    try {
      const { status, registration: stored, ignored } = registrar.toAnswer(item, registered)
      const registration = viewRegistration(stored)
      return status === 201 || ignored.length === 0 ? { status, registration } : { status, registration, ignored }
    } catch (error) {
      if (error instanceof AppError) return refusal(error, language)
      throw error
    }
  }

  app.post('/v1/registrations', async c => {
    refuseQuery(c)
    const partnerId = c.get('partnerId')
    const read = async () => {
      const body = await readBody(c, schema)
      deps.rates.take('registrations', partnerId)
      return body
    }
    const item = await registrar.toItem(partnerId, read, { isBatch: false, traceparent: traceparentOf(c) })
    const { status, registration, ignored } = registrar.toAnswer(item, await deps.register(item))
    setHeader(c, 'location', `/v1/registrations/${registration.id}`)
    if (ignored.length > 0) setHeader(c, 'idface-ignored', ignored.join(', '))
    return c.json(viewDue(registration, deps.store.now()), status)
  })

  app.post('/v1/registrations/batch', noQuery, async c => {
    const partnerId = c.get('partnerId')
    const { registrations } = await readBody(c, BATCH_BODY, { limit: BATCH_BYTES })
    if (registrations.length > 1) refuseIfSlowed(deps.enumerationGuard.slowedForMs(partnerId))
    deps.rates.take('registrations', partnerId, registrations.length)
    const origin = { isBatch: registrations.length > 1, traceparent: traceparentOf(c) }
    const checked = await Promise.all(registrations.map(body => check(partnerId, body, origin)))
    const items = checked.flatMap(item => (item instanceof AppError ? [] : [item]))
    const registered = await deps.store.register(items)
    const language = answerLanguage(c)
    const inOrder = registered[Symbol.iterator]()
    const results = checked.map(item =>
      item instanceof AppError ? refusal(item, language) : resultOf(item, inOrder.next().value as Registered, language),
    )
    return c.json({ results })
  })
}

const ENUMERATED = {
  en: 'Your last serials look enumerated, so batches are refused for now. Register one serial at a time.',
  zh: '检测到疑似遍历流水号，暂不接受批量登记，请逐个登记。',
}

/** One request a second is slow only if each of them has one serial. */
const refuseIfSlowed = (slowedForMs: number): void => {
  if (slowedForMs > 0) throw new AppError('too_many_requests', ENUMERATED, { retryAfterMs: slowedForMs })
}

const refusal = ({ code, detail, errors }: AppError, language: Language): Result => {
  const problem = problemOf({ code, detail, errors }, language)
  return { status: problem.status as (typeof REFUSED)[number], problem }
}

/** Of the request that a registration comes with. */
type Origin = Pick<NewRegistration, 'isBatch' | 'traceparent'>

const ANSWERS = {
  created: 'created',
  existing: 'same',
  taken: 'conflict',
  too_many: 'conflict',
  over_quota: 'refused',
  unreadable: 'refused',
} as const satisfies Record<Registered['outcome'], 'created' | 'same' | 'conflict' | 'refused'>

/** The fault is the caller's, and in what it registers. */
const isRefusal = (error: unknown): boolean =>
  error instanceof AppError && error.code !== 'unavailable' && error.code !== 'too_many_requests'

/** Turns a checked body into what the store registers, and the store's outcome into an answer; singly and in a batch. */
const createRegistrar = (deps: PartDeps) => {
  const { emit } = deps
  const findAccount = createAccountFinder(deps)

  const report = (partnerId: string, registered: Registered): void => {
    const registration = 'registration' in registered ? registered.registration : null
    const registrationId = registration?.id ?? null
    emit('registration.answered', { partnerId, registrationId, answer: ANSWERS[registered.outcome] })
    // The verdict of its serial was known.
    if (registration && registered.outcome === 'created' && registration.status !== 'pending')
      emit('registration.ended', { partnerId, registrationId: registration.id, end: 'verdict', reason: null, ageMs: 0 })
  }

  return {
    /**
     * @param read gives the checked body
     *
     * Throws what `read` throws, and `AppError('invalid_body')` if the partner cannot use the account.
     */
    toItem: async (
      partnerId: string,
      read: () => RegistrationBody | Promise<RegistrationBody>,
      origin: Origin,
    ): Promise<NewRegistration> => {
      try {
        const body = await read()
        const account = await findAccount(partnerId, body.account)
        const isTest = deps.shownSettings.sandbox && readTestSerial(body.idcardid) !== null
        return {
          id: deps.newId('reg'),
          partnerId,
          accountId: isTest ? TEST_ACCOUNT_ID : account.id,
          idcardid: body.idcardid,
          callbackUrl: body.callbackUrl,
          metadata: body.metadata ?? NOT_SENT,
          expiresAt: body.expiresAt ?? null,
          ttlMs: deps.registrationTtlMs,
          ...origin,
        }
      } catch (error) {
        if (isRefusal(error)) emit('registration.answered', { partnerId, registrationId: null, answer: 'refused' })
        throw error
      }
    },

    /** Throws `AppError` if the store has refused the item. `ignored`: what the registration that exists says otherwise. */
    toAnswer: (item: NewRegistration, registered: Registered) => {
      report(item.partnerId, registered)
      if (registered.outcome === 'over_quota') throw overQuota(registered)
      if (registered.outcome === 'unreadable')
        throw new AppError('unavailable', UNREADABLE, { retryAfterMs: UNREADABLE_RETRY_MS })
      if (registered.outcome === 'too_many') throw tooMany(registered.limit)
      if (registered.outcome === 'taken') {
        deps.enumerationGuard.recordConflict(item.partnerId)
        throw new AppError('conflict', TAKEN)
      }
      const { outcome, registration } = registered
      const status: 201 | 200 = outcome === 'created' ? 201 : 200
      return { status, registration, ignored: ignoredOf(item, registration) }
    },
  }
}

/** Stands for metadata that were not sent: empty ones that were are another object. */
const NOT_SENT = {}
const ignoredOf = ({ metadata, expiresAt }: NewRegistration, stored: Registration) =>
  IGNORED.filter(name =>
    name === 'metadata'
      ? metadata !== NOT_SENT && !isDeepStrictEqual(metadata, stored.metadata)
      : expiresAt !== null && expiresAt !== stored.expiresAt,
  )

const ACCOUNT_NAME = /^[\x21-\x7e]{1,128}$/

/** Accounts are few and keep their ids, so their ids are cached: a burst of registrations asks for each of them once. */
const createAccountFinder = ({ store, now }: Pick<PartDeps, 'store' | 'now'>) => {
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
  en: 'This serial has its verdict, but the service cannot read it. It has told its operator; register it again later.',
  zh: '该流水号已有结果，但服务无法读取，运维人员已收到告警。请稍后重新登记。',
}
const UNREADABLE_RETRY_MS = 60 * SECOND

const tooMany = (limit: number): AppError =>
  new AppError('conflict', {
    en: `This serial has ${limit} registrations already, which is the most that one may have.`,
    zh: `该流水号已有 ${limit} 条登记，达到单个流水号的上限。`,
  })

const QUOTA_RETRY_MS = 60 * SECOND

/** Waiting does not help against the limit of hosts, so that is a 403; the others are a 429. */
const overQuota = ({ quota, limit }: Extract<Registered, { outcome: 'over_quota' }>): AppError => {
  const { en, zh } = QUOTA_NAMES[quota]
  const detail = {
    en: `You have reached your limit of ${limit} ${en}.`,
    zh: `已达到您的配额上限：${zh}最多 ${limit} 个。`,
  }
  return quota === 'hosts'
    ? new AppError('forbidden', detail)
    : new AppError('too_many_requests', detail, { retryAfterMs: QUOTA_RETRY_MS })
}
