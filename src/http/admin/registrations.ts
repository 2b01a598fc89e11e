import type { Context } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { isRegistrationId } from '../../core/registration.ts'
import type { Attempt, Registration } from '../../store/store.ts'
import type { ApiEnv, Part } from '../api-env.ts'
import { COUNT, idField } from '../json/fields.ts'
import { PAGE_PARAMETERS, viewPage } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { noQuery, readQuery } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import { answerExplanation } from '../partner/explain.ts'
import { REGISTRATION, viewAttempt } from '../partner/registration-schemas.ts'
import { RESEND_REFUSALS } from '../partner/registrations.ts'
import { ACT, readAct } from './authorize.ts'
import { seesAll, viewDetail, viewFound } from './registration-view.ts'
import { FILTER, FILTER_QUERY, type Filter, readFilter } from './search.ts'

export const SEARCH_QUERY = z.strictObject({ ...FILTER, ...PAGE_PARAMETERS })
export const BOUNDED_COUNT = z.strictObject({
  count: COUNT,
  isCapped: z.boolean().describe('There may be more than `count`.'),
})
export const RESENT = z.object({
  registrationId: idField('reg'),
  partnerId: idField('partner'),
  delivery: REGISTRATION.shape.delivery,
})
const viewResent = (registration: Registration) =>
  z.decode(RESENT, { ...registration, registrationId: registration.id })

/** What receivers have answered is for the role `admin`. */
const shown = (c: Context<ApiEnv>, attempt: Attempt): Attempt =>
  seesAll(c.get('operator').role) ? attempt : { ...attempt, responseExcerpt: null }

/** `/v1/admin/registrations` */
export const addFoundRegistrations: Part = (app, { store, now }) => {
  /** The registration that a path names, with its partner. */
  const target = async (c: Context<ApiEnv>) => {
    const id = c.req.param('id') ?? ''
    const partnerId = isRegistrationId(id) ? await store.partnerOf(id) : null
    return [found(partnerId, 'registration'), id] as const
  }
  const filterOf = (query: Filter) => readFilter(query, { store, now: now(), source: 'query' })

  app.get('/v1/admin/registrations', async c => {
    const { limit, cursor, ...query } = readQuery(c, SEARCH_QUERY)
    const wanted = { filter: await filterOf(query), act: null, limit, before: cursor ?? null }
    const { role } = c.get('operator')
    return c.json(viewPage(await store.searchRegistrations(wanted), one => viewFound(one, role)))
  })

  app.get('/v1/admin/registrations/count', async c => {
    const filter = await filterOf(readQuery(c, FILTER_QUERY))
    return c.json(await store.countRegistrations({ filter, act: null }))
  })

  app.get('/v1/admin/registrations/:id', noQuery, async c => {
    const [partnerId, id] = await target(c)
    const explanation = found(await store.explain(partnerId, id), 'registration')
    const [partner, account] = await Promise.all([
      store.findPartner(partnerId),
      store.findAccount(explanation.account.id),
    ])
    return c.json(viewDetail({ explanation, partner, account }, c.get('operator').role))
  })

  app.get('/v1/admin/registrations/:id/explain', noQuery, async c => {
    const explanation = found(await store.explain(...(await target(c))), 'registration')
    const { lastAttempt } = explanation
    return answerExplanation(c, { ...explanation, lastAttempt: lastAttempt && shown(c, lastAttempt) }, now())
  })

  app.get('/v1/admin/registrations/:id/attempts', noQuery, async c => {
    const attempts = found(await store.listAttempts(...(await target(c))), 'registration')
    const language = answerLanguage(c)
    return c.json({ data: attempts.map(attempt => viewAttempt(shown(c, attempt), language)), nextCursor: null })
  })

  app.post('/v1/admin/registrations/:id/resend', noQuery, async c => {
    await readAct(c, ACT, { empty: {} })
    const [partnerId, id] = await target(c)
    await c.get('begin')(id)
    const outcome = await store.resend(partnerId, id)
    if (outcome !== 'resent') throw new AppError('conflict', RESEND_REFUSALS[found(outcome, 'registration')])
    const registration = found(await store.findRegistration(partnerId, id), 'registration')
    return c.json(viewResent({ ...registration, partnerId }), 202)
  })
}
