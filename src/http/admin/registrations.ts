import type { Context } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { isRegistrationId } from '../../core/registration.ts'
import type { Attempt } from '../../store/messages/message.ts'
import type { Store } from '../../store/store.ts'
import type { ApiEnv, PartDeps } from '../api-env.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT_OR_NULL, COUNT, idField } from '../json/fields.ts'
import { listOf, PAGE_PARAMETERS, SEARCH, viewPage } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { answerLanguage } from '../language.ts'
import { CANCEL_QUERY, CANCELS, cancelOne } from '../partner/cancelling.ts'
import { answerExplanation, EXPLANATION } from '../partner/explain.ts'
import { ATTEMPT, REGISTRATION, viewAttempt } from '../partner/registration-schemas.ts'
import { NOT_POLLED, RESEND_REFUSALS } from '../partner/registrations.ts'
import { ACT, REASON, WHY } from './authorize.ts'
import { withPartnerNames } from './partner-names.ts'
import { FOUND_REGISTRATION, REGISTRATION_DETAIL, seesAll, viewDetail, viewFound } from './registration-view.ts'
import { charged, FILTER, FILTER_QUERY, type Filter, readFilter } from './search.ts'

const BOUNDED_COUNT = z.strictObject({
  count: COUNT,
  isCapped: z.boolean().describe('There may be more than `count`.'),
})
const WHOSE = { registrationId: idField('reg'), partnerId: idField('partner') }
const RESENT = z.object({ ...WHOSE, delivery: REGISTRATION.shape.delivery })
const POLLED = z.object({
  ...WHOSE,
  nextPollAt: AT_OR_NULL.describe('Null: it has ended, so it is no longer polled.'),
})

/** Only the role `admin` sees the responses of receivers. */
const shown = (c: Context<ApiEnv>, attempt: Attempt): Attempt =>
  seesAll(c.get('operator').role) ? attempt : { ...attempt, responseExcerpt: null }

/** Returns the partner and the id of the registration that a path names. */
const target = async (c: Context<ApiEnv>, store: Store) => {
  const id = c.req.param('id') ?? ''
  const partnerId = isRegistrationId(id) ? await store.partnerOf(id) : null
  return [found(partnerId, 'registration'), id] as const
}
const bodyOf = async (store: Store, partnerId: string, registrationId: string): Promise<string | null> => {
  const page = await store.listEvents(partnerId, { after: null, limit: 1, registrationId })
  return page.outcome === 'page' ? (page.events[0]?.body ?? null) : null
}
const detailOf = async (
  c: Context<ApiEnv>,
  { store, revealed = false }: { store: Store; revealed?: boolean },
): Promise<Response> => {
  const [partnerId, id] = await target(c, store)
  const explanation = found(await store.explain(partnerId, id), 'registration')
  const [partner, account] = await Promise.all([
    store.findPartner(partnerId),
    store.findAccount(explanation.account.id),
  ])
  if (revealed) await c.get('beginAct')(id)
  const webhookBody = revealed ? await bodyOf(store, partnerId, id) : null
  return c.json(viewDetail({ explanation, partner, account, webhookBody }, { role: c.get('operator').role, revealed }))
}
const filterOf = (query: Filter, { store, now }: Pick<PartDeps, 'store' | 'now'>) =>
  readFilter(query, { store, now: now(), source: 'query' })
export const FOUND_REGISTRATION_CALLS = {
  'GET /v1/admin/registrations': adminOperation({
    role: 'read',
    operationId: 'searchRegistrations',
    summary: 'Search registrations of all partners, newest first',
    description:
      'A page scans 5,000 registrations at most, so it may be short or empty and still have a `nextCursor`: get the next page, or narrow the search with `partner`, `serial`, `since` or `error`. By a `serial` alone it also finds serials that the vendor may take for it, such as `123` and `0123` for `123-a`: one of these may be why a partner was refused.',
    query: z.strictObject({ ...FILTER, ...PAGE_PARAMETERS }),
    answers: { 200: listOf(FOUND_REGISTRATION, SEARCH) },
    handle: async (c, { store, now, rates }, { query: { limit, cursor, ...query } }) => {
      const wanted = { filter: await filterOf(query, { store, now }), act: null, limit, before: cursor ?? null }
      const { id, role } = c.get('operator')
      const page = await charged(rates, id, () => store.searchRegistrations(wanted, id))
      const found = await withPartnerNames(store, page.found)
      return c.json(viewPage({ ...page, found }, one => viewFound(one, role), wanted.filter))
    },
  }),
  'GET /v1/admin/registrations/count': adminOperation({
    role: 'read',
    operationId: 'countRegistrations',
    summary: 'Count what a search would find, up to 10,000',
    query: FILTER_QUERY,
    answers: { 200: BOUNDED_COUNT },
    handle: async (c, { store, now, rates }, { query }) => {
      const filter = await filterOf(query, { store, now })
      const { id } = c.get('operator')
      const { count, isCapped } = await charged(rates, id, () => store.countRegistrations({ filter, act: null }, id))
      return c.json({ count, isCapped })
    },
  }),
  'GET /v1/admin/registrations/:id': adminOperation({
    role: 'read',
    operationId: 'getRegistrationDetail',
    summary: 'Get a registration of any partner, with its partner and its account',
    description:
      'Without metadata, the message and scores of the verdict and the text of the webhook, which `reveal` shows. The serial is masked and the callback URL left out, except for the role `admin`.',
    answers: { 200: REGISTRATION_DETAIL },
    handle: (c, { store }) => detailOf(c, { store }),
  }),
  'POST /v1/admin/registrations/:id/reveal': adminOperation({
    role: 'admin',
    act: 'registration.reveal',
    operationId: 'revealRegistration',
    summary: 'Get a registration with its metadata, the message and the scores of its verdict, and its webhook',
    description: 'It changes nothing. The audit records who reads them, and why, before they are returned.',
    body: z.strictObject({ reason: REASON }),
    answers: { 200: REGISTRATION_DETAIL },
    handle: (c, { store }) => detailOf(c, { store, revealed: true }),
  }),
  'GET /v1/admin/registrations/:id/explain': adminOperation({
    role: 'read',
    operationId: 'explainToOperator',
    summary: 'Why there is no webhook yet',
    description: 'As its partner sees it.',
    answers: { 200: EXPLANATION },
    handle: async (c, deps) => {
      const explanation = found(await deps.store.explain(...(await target(c, deps.store))), 'registration')
      const { lastAttempt } = explanation
      return answerExplanation(c, { ...explanation, lastAttempt: lastAttempt && shown(c, lastAttempt) }, deps)
    },
  }),
  'GET /v1/admin/registrations/:id/attempts': adminOperation({
    role: 'read',
    operationId: 'listAttemptsForOperator',
    summary: 'List the newest 50 attempts, oldest first',
    description: 'The answers of the receiver are shown to the role `admin` only.',
    answers: { 200: listOf(ATTEMPT) },
    handle: async (c, { store }) => {
      const attempts = found(await store.listAttempts(...(await target(c, store))), 'registration')
      const language = answerLanguage(c)
      return c.json({ data: attempts.map(attempt => viewAttempt(shown(c, attempt), language)), nextCursor: null })
    },
  }),
  'POST /v1/admin/registrations/:id/resend': adminOperation({
    role: 'operate',
    act: 'registration.resend',
    operationId: 'resendForPartner',
    summary: 'Send the webhook now, with the same id',
    description: 'It may be delivered, waiting or exhausted. Its retry schedule starts again.',
    body: ACT,
    answers: { 202: RESENT },
    problems: ['conflict'],
    handle: async (c, { store }) => {
      const [partnerId, id] = await target(c, store)
      await c.get('beginAct')(id)
      const outcome = await store.resend(partnerId, id)
      if (outcome !== 'resent') throw new AppError('conflict', RESEND_REFUSALS[found(outcome, 'registration')])
      const registration = found(await store.findRegistration(partnerId, id), 'registration')
      return c.json(z.decode(RESENT, { ...registration, registrationId: id, partnerId }), 202)
    },
  }),
  'POST /v1/admin/registrations/:id/poll': adminOperation({
    role: 'operate',
    act: 'registration.poll',
    operationId: 'pollForPartner',
    summary: 'Poll the upstream now',
    description: 'If it already has a verdict, this changes nothing.',
    body: ACT,
    answers: { 202: POLLED },
    problems: ['conflict'],
    handle: async (c, { store }) => {
      const [partnerId, id] = await target(c, store)
      await c.get('beginAct')(id)
      const { status, nextPollAt } = found(await store.nudge(partnerId, id), 'registration')
      if (status === 'cancelled') throw new AppError('conflict', NOT_POLLED)
      return c.json(z.decode(POLLED, { registrationId: id, partnerId, nextPollAt }), 202)
    },
  }),
  'DELETE /v1/admin/registrations/:id': adminOperation({
    role: 'admin',
    act: 'registration.cancel',
    operationId: 'cancelForPartner',
    summary: 'Cancel a registration, or erase it',
    description: CANCELS,
    query: CANCEL_QUERY.extend(WHY),
    answers: { 204: null },
    problems: ['has_verdict'],
    handle: async (c, deps, { query }) => {
      const named = await target(c, deps.store)
      await c.get('beginAct')(named[1], query.erase ? { act: 'registration.erase' } : {})
      await cancelOne(deps, named, query)
      return c.body(null, 204)
    },
  }),
} satisfies AdminCalls
