import { addAccounts } from './admin/accounts.ts'
import { addAudit } from './admin/audit.ts'
import { createAudit, createRoleCheck } from './admin/authorize.ts'
import { addBulk } from './admin/bulk.ts'
import { addCallbacks } from './admin/callbacks.ts'
import { addFailures } from './admin/messages.ts'
import { addNodes } from './admin/nodes.ts'
import { addOverview } from './admin/overview.ts'
import { addKeys, addPartners } from './admin/partners.ts'
import { addFoundRegistrations } from './admin/registrations.ts'
import type { ApiDeps } from './api-env.ts'
import type { PartnerCalls } from './calls.ts'
import { createDocs } from './docs/routes.ts'
import { createFrame } from './frame.ts'
import { noQuery } from './json/validate.ts'
import { createPartnerAuth } from './middleware/authenticate.ts'
import { createAdminAuth } from './middleware/authenticate-operator.ts'
import { createOperatorDocument } from './openapi/document.ts'
import { ADMIN_ROUTES } from './openapi/operator-operations.ts'
import { PARTNER_OPERATIONS } from './openapi/partner-operations.ts'
import { createRegistrar } from './partner/register.ts'
import { createLongPoll } from './partner/registrations.ts'
import { addProbes } from './probes.ts'
import { createRates } from './rates.ts'

const ADMIN_PARTS = [
  addAccounts,
  addPartners,
  addKeys,
  addAudit,
  addBulk,
  addFoundRegistrations,
  addFailures,
  addCallbacks,
  addNodes,
  addOverview,
]

/** The HTTP API as one Hono app. Every error is answered as `application/problem+json`. */
export const createApi = (given: ApiDeps) => {
  const shared = { ...given, rates: createRates(given) }
  const deps = { ...shared, registrar: createRegistrar(shared), waitForEnd: createLongPoll(shared) }
  const app = createFrame(deps, {
    en: 'This address does not exist. See /docs for those that do.',
    zh: '该地址不存在。可用的地址见 /docs。',
  })
  addProbes(app, deps)
  app.route('/', createDocs(deps))
  // Before the partners' part, so that no partner's key is checked for it.
  app.use('/v1/admin/*', createAdminAuth(deps), createAudit(ADMIN_ROUTES, deps), createRoleCheck(ADMIN_ROUTES))
  for (const add of ADMIN_PARTS) add(app, deps)
  let forOperators: object | null = null
  app.get('/v1/admin/openapi.json', noQuery, c => {
    forOperators ??= createOperatorDocument(deps.version)
    return c.json(forOperators)
  })
  app.all('/v1/admin/*', c => c.notFound())
  app.use('/v1/*', createPartnerAuth(deps))
  const calls: PartnerCalls = Object.assign({}, ...Object.values(PARTNER_OPERATIONS))
  for (const [route, { query, handle }] of Object.entries(calls)) {
    const [method = '', path = ''] = route.split(' ')
    if (!query) app.on(method, path, noQuery)
    app.on(method, path, c => handle(c, deps))
  }
  return app
}
