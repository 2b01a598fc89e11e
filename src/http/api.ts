import { Hono } from 'hono'
import { createAdminAccounts } from './admin/accounts.ts'
import { createAdminAudit } from './admin/audit.ts'
import { createAudit, createRoleCheck } from './admin/authorize.ts'
import { createAdminBulk } from './admin/bulk.ts'
import { createAdminCallbacks } from './admin/callbacks.ts'
import { createAdminMessages } from './admin/messages.ts'
import { createAdminNodes } from './admin/nodes.ts'
import { createOverview } from './admin/overview.ts'
import { createAdminKeys, createAdminPartners, createPartnerKeys } from './admin/partners.ts'
import { createAdminRegistrations } from './admin/registrations.ts'
import type { ApiDeps, ApiEnv, PartDeps } from './api-env.ts'
import { createDocs } from './docs/routes.ts'
import { createFrame } from './frame.ts'
import { noQuery } from './json/validate.ts'
import { createPartnerAuth } from './middleware/authenticate.ts'
import { createAdminAuth } from './middleware/authenticate-operator.ts'
import { createOperatorDocument } from './openapi/document.ts'
import { ADMIN_ROUTES } from './openapi/operator-operations.ts'
import { addCallbackTest } from './partner/callback-test.ts'
import { addEvents } from './partner/events.ts'
import { addExplain } from './partner/explain.ts'
import { addLookup } from './partner/lookup.ts'
import { addMe } from './partner/me.ts'
import { addRegister } from './partner/register.ts'
import { addRegistrations } from './partner/registrations.ts'
import { addResends } from './partner/resends.ts'
import { addSigningSecrets } from './partner/signing-secrets.ts'
import { addStatus } from './partner/status.ts'
import { addProbes } from './probes.ts'
import { createRates } from './rates.ts'

/** For the partner of the key. */
const PARTNER_PARTS = [
  addRegister,
  addLookup,
  addRegistrations,
  addExplain,
  addEvents,
  addResends,
  addCallbackTest,
  addMe,
  addStatus,
  addSigningSecrets,
]
/** Below `/v1/admin`. */
const ADMIN_PARTS = [
  ['/accounts', createAdminAccounts],
  ['/partners', createAdminPartners],
  ['/partners', createPartnerKeys],
  ['/keys', createAdminKeys],
  ['/audit', createAdminAudit],
  ['/bulk', createAdminBulk],
  ['/registrations', createAdminRegistrations],
  ['/messages', createAdminMessages],
  ['/callbacks', createAdminCallbacks],
  ['/nodes', createAdminNodes],
  ['/overview', createOverview],
] as const

/** The HTTP API as one Hono app. Every error is answered as `application/problem+json`. */
export const createApi = (given: ApiDeps) => {
  const deps = { ...given, rates: createRates(given) }
  const app = createFrame(deps, {
    en: 'This address does not exist. See /docs for those that do.',
    zh: '该地址不存在。可用的地址见 /docs。',
  })
  addProbes(app, deps)
  app.route('/', createDocs(deps))
  // Before the partners' part, so that no partner's key is checked for it.
  app.route('/v1/admin', createAdmin(deps))
  app.use('/v1/*', createPartnerAuth(deps))
  for (const add of PARTNER_PARTS) add(app, deps)
  return app
}

const createAdmin = (deps: PartDeps) => {
  const app = new Hono<ApiEnv>()
  app.use(createAdminAuth(deps), createAudit(ADMIN_ROUTES, deps), createRoleCheck(ADMIN_ROUTES))
  for (const [path, create] of ADMIN_PARTS) app.route(path, create(deps))
  app.get('/openapi.json', noQuery, c => c.json(createOperatorDocument(deps.version)))
  app.all('*', c => c.notFound())
  return app
}
