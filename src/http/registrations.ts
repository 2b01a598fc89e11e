import { type Context, Hono } from 'hono'
import { languageDetector } from 'hono/language'
import { z } from 'zod'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { SERIAL } from '../core/registration-input.ts'
import type { Account, NewRegistration, Registered, Store } from '../store/store.ts'
import type { Suspicion } from '../suspicion.ts'
import type { ApiEnv } from './authenticate.ts'
import { createBriefCache } from './brief-cache.ts'
import { viewExplanation } from './explain.ts'
import { PAGE_PARAMETERS, pageOf } from './pagination.ts'
import { noQuery, readQuery } from './query.ts'
import { createRegistrationBody, type JudgeUrl } from './registration-body.ts'
import { viewAttempt, viewRegistration } from './registration-view.ts'
import { readBody } from './request-body.ts'

export interface RegistrationDeps {
  store: Pick<
    Store,
    'findRegistration' | 'listRegistrations' | 'cancel' | 'nudge' | 'resend' | 'listAttempts' | 'explain' | 'accountFor'
  >
  /** Resolves once the registration is durable. */
  register: (item: NewRegistration) => Promise<Registered>
  judgeUrl: JudgeUrl
  registrationTtlMs: number
  suspicion: Pick<Suspicion, 'serial'>
  newId: (prefix: string) => string
  now: () => number
}

const IDCARDID = 'must be a serial: 1 to 64 letters, digits, "_" and "-"'
const STATUSES = ['pending', 'succeeded', 'failed', 'unresolved', 'cancelled'] as const
const DELIVERIES = ['pending', 'delivered', 'exhausted'] as const

const LIST_QUERY = z.strictObject({
  idcardid: z.string().regex(SERIAL, IDCARDID).optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
  delivery: z.enum(DELIVERIES, `must be one of ${DELIVERIES.join(', ')}`).optional(),
  ...PAGE_PARAMETERS,
})

const detectLanguage = languageDetector({
  order: ['header'],
  supportedLanguages: ['en', 'zh'],
  fallbackLanguage: 'en',
  caches: false,
})

const RESEND_REFUSALS = {
  no_message: 'There is nothing to send yet: the registration still waits for its verdict. See its explain.',
  cancelled: 'The registration was cancelled, and a cancelled one sends nothing. Register the serial again.',
}

/** One text, whether the id never was or is somebody else's. */
const notFound = (): AppError => new AppError('not_found', 'There is no registration with this id.')

const found = <T>(value: T | null): T => {
  if (value === null) throw notFound()
  return value
}

/** Whose registration, and which. What cannot be an id is not asked for: a database may choke on it. */
const readTarget = (c: Context<ApiEnv, '/:id'>): [partnerId: string, id: string] => {
  const id = c.req.param('id')
  if (!/^reg_[0-9A-HJKMNP-TV-Z]{26}$/.test(id)) throw notFound()
  return [c.get('partnerId'), id]
}

/** `/v1/registrations`, for the partner that `partnerId` names. */
export const createRegistrations = (deps: RegistrationDeps) => {
  const { store, now } = deps
  const app = new Hono<ApiEnv>()
  const registrationBody = createRegistrationBody(deps)
  const findAccount = createAccountFinder(deps)

  app.post('/', noQuery, async c => {
    const body = await readBody(c, registrationBody)
    const partnerId = c.get('partnerId')
    const account = await findAccount(partnerId, body.account)
    const registered = await deps.register({
      id: deps.newId('reg'),
      partnerId,
      accountId: account.id,
      idcardid: body.idcardid,
      callbackUrl: body.callbackUrl,
      metadata: body.metadata ?? {},
      expiresAt: body.expiresAt ?? null,
      ttlMs: deps.registrationTtlMs,
    })
    if (registered.outcome === 'over_quota') throw overQuota(registered)
    if (registered.outcome === 'taken') throw new AppError('conflict', 'This serial is registered by another partner.')
    const { registration } = registered
    if (registered.outcome === 'created') deps.suspicion.serial(partnerId, body.idcardid)
    c.header('location', `/v1/registrations/${registration.id}`)
    return c.json(viewRegistration(registration), registered.outcome === 'created' ? 201 : 200)
  })

  app.get('/', async c => {
    const { limit, cursor, idcardid, status, delivery } = readQuery(c, LIST_QUERY)
    const filter = { idcardid: idcardid ?? null, status: status ?? null, delivery: delivery ?? null }
    const page = { limit: limit + 1, before: cursor ?? null }
    const { data, nextCursor } = pageOf(
      await store.listRegistrations(c.get('partnerId'), { ...filter, ...page }),
      limit,
    )
    return c.json({ data: data.map(viewRegistration), nextCursor })
  })

  app.get('/:id', noQuery, async c => c.json(viewRegistration(found(await store.findRegistration(...readTarget(c))))))

  app.delete('/:id', noQuery, async c => {
    found(await store.cancel(...readTarget(c)))
    return c.body(null, 204)
  })

  app.post('/:id/poll', noQuery, async c => c.json(viewRegistration(found(await store.nudge(...readTarget(c)))), 202))

  app.post('/:id/resend', noQuery, async c => {
    const target = readTarget(c)
    const outcome = found(await store.resend(...target))
    if (outcome !== 'resent') throw new AppError('conflict', RESEND_REFUSALS[outcome])
    return c.json(viewRegistration(found(await store.findRegistration(...target))), 202)
  })

  app.get('/:id/attempts', noQuery, async c => {
    const attempts = found(await store.listAttempts(...readTarget(c)))
    return c.json({ data: attempts.map(viewAttempt), nextCursor: null })
  })

  app.get('/:id/explain', noQuery, detectLanguage, async c => {
    const explanation = found(await store.explain(...readTarget(c)))
    const language = c.get('language') === 'zh' ? 'zh' : 'en'
    c.header('content-language', language)
    c.header('vary', 'accept-language')
    return c.json(viewExplanation(explanation, { language, now: now() }))
  })

  return app
}

const ACCOUNT_ID = /^[\x21-\x7e]{1,128}$/

/** Accounts are few and keep their ids, so a burst of registrations need not ask for them each time. */
const createAccountFinder = ({ store, now }: Pick<RegistrationDeps, 'store' | 'now'>) => {
  // No id has a space, so the key falls apart into what it was made of.
  const load = (key: string): Promise<Account | null> => {
    const [partnerId = '', name = ''] = key.split(' ')
    return store.accountFor(partnerId, name === '' ? null : name)
  }
  const find = createBriefCache({ ttlMs: 1 * SECOND, size: 10_000, now, load })

  return async (partnerId: string, name: string | undefined): Promise<Account> => {
    const account = name === undefined || ACCOUNT_ID.test(name) ? await find(`${partnerId} ${name ?? ''}`) : null
    if (account) return account
    if (name === undefined) throw new AppError('unavailable', 'The service has no upstream account yet.')
    const message = 'must be the id or the APIID of an account of this service; leave it out for the default one'
    throw new AppError('invalid_body', 'In the body one field is not right.', {
      errors: [{ path: 'account', message }],
    })
  }
}

const QUOTA_RETRY_MS = 60 * SECOND
const QUOTAS = {
  pending: 'registrations that wait for a verdict',
  daily: 'new registrations in 24 hours',
  hosts: 'different callback hosts',
}

/** Waiting helps against two of the quotas; another host will never be allowed by it. */
const overQuota = ({ quota, limit }: Extract<Registered, { outcome: 'over_quota' }>): AppError => {
  const detail = `Your limit of ${limit} ${QUOTAS[quota]} is reached.`
  return quota === 'hosts'
    ? new AppError('forbidden', detail)
    : new AppError('too_many_requests', detail, { retryAfterMs: QUOTA_RETRY_MS })
}
