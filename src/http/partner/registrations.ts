import { type Context, Hono } from 'hono'
import { languageDetector } from 'hono/language'
import { z } from 'zod'
import { MINUTE, readDuration } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { SERIAL } from '../../core/registration-input.ts'
import type { NewRegistration, Registered, Store } from '../../store/store.ts'
import { PAGE_PARAMETERS, pageOf } from '../json/pagination.ts'
import { noQuery, readQuery, refuseQuery } from '../json/query.ts'
import { readBody } from '../json/request-body.ts'
import { setHeader } from '../json/set-header.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { viewExplanation } from './explain.ts'
import { createLongPoll } from './long-poll.ts'
import { createRegistrar, type RegistrarDeps } from './registrar.ts'
import type { RegistrationBodySchema } from './registration-body.ts'
import { viewAttempt, viewRegistration } from './registration-view.ts'

export interface RegistrationDeps extends RegistrarDeps {
  store: RegistrarDeps['store'] &
    Pick<
      Store,
      'events' | 'findRegistration' | 'listRegistrations' | 'cancel' | 'nudge' | 'resend' | 'listAttempts' | 'explain'
    >
  /** Resolves once the registration is durable. */
  register: (item: NewRegistration) => Promise<Registered>
  registrationBody: RegistrationBodySchema
  /** Aborts when the service stops: whoever waits is answered then. */
  stopping: AbortSignal
}

const IDCARDID = 'must be a serial: 1 to 64 letters, digits, "_" and "-"'
const STATUSES = ['pending', 'succeeded', 'failed', 'unresolved', 'cancelled'] as const
const DELIVERIES = ['pending', 'delivered', 'exhausted'] as const

export const LIST_QUERY = z.strictObject({
  idcardid: z.string().regex(SERIAL, IDCARDID).optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
  delivery: z.enum(DELIVERIES, `must be one of ${DELIVERIES.join(', ')}`).optional(),
  ...PAGE_PARAMETERS,
})

const WAIT = 'must be a duration from 0s to 60s, such as 30s'
export const WAIT_QUERY = z.strictObject({
  wait: z
    .string(WAIT)
    .transform(readDuration)
    .refine(ms => ms !== null && ms <= MINUTE, WAIT)
    .transform(ms => ms ?? 0)
    .optional()
    .meta({
      pattern: '^\\d{1,9}(ms|s|m|h|d)$',
      description:
        'Answer as soon as the registration has left `pending`, after this long (60s at most) at the latest.',
      examples: ['30s'],
    }),
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
  const { registrationBody } = deps
  const registrar = createRegistrar(deps)
  const waitFor = createLongPoll(store)

  app.post('/', async c => {
    refuseQuery(c)
    const body = await readBody(c, registrationBody)
    const item = await registrar.toItem(c.get('partnerId'), body)
    const { status, registration } = registrar.toAnswer(item, await deps.register(item))
    setHeader(c, 'location', `/v1/registrations/${registration.id}`)
    return c.json(viewRegistration(registration), status)
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

  app.get('/:id', async c => {
    const { wait } = readQuery(c, WAIT_QUERY)
    const target = readTarget(c)
    // It listens before it looks, so that a verdict in between is not missed.
    const ended = new AbortController()
    const over =
      wait === undefined
        ? null
        : waitFor(target[1], { ms: wait, signal: AbortSignal.any([c.req.raw.signal, ended.signal, deps.stopping]) })
    const now = await store.findRegistration(...target)
    if (over === null || now?.status !== 'pending') {
      ended.abort()
      return c.json(viewRegistration(found(now)))
    }
    await over
    return c.json(viewRegistration(found(await store.findRegistration(...target))))
  })

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
