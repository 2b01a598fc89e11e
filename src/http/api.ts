import { Hono } from 'hono'
import type { Secret } from '../core/secret.ts'
import type { Emit } from '../telemetry/emit.ts'
import { createAdminAccounts } from './admin/accounts.ts'
import { createAdminAudit } from './admin/audit.ts'
import { type AuditDeps, createAudit, createRoleCheck } from './admin/authorize.ts'
import { createAdminBulk } from './admin/bulk.ts'
import { createAdminCallbacks } from './admin/callbacks.ts'
import { createAdminMessages } from './admin/messages.ts'
import { createAdminNodes } from './admin/nodes.ts'
import { createOverview } from './admin/overview.ts'
import { createAdminKeys, createAdminPartners, createPartnerKeys } from './admin/partners.ts'
import { createAdminRegistrations } from './admin/registrations.ts'
import type { ApiEnv } from './api-env.ts'
import { createDocs, type DocsDeps } from './docs/routes.ts'
import { createFrame, type FrameDeps } from './frame.ts'
import { type ReadPartnerBody, readBody } from './json/request-body.ts'
import { noQuery } from './json/validate.ts'
import { createPartnerAuth, type PartnerAuthDeps } from './middleware/authenticate.ts'
import { type AdminAuthDeps, createAdminAuth } from './middleware/authenticate-operator.ts'
import { createOperatorDocument } from './openapi/document.ts'
import { ADMIN_ROUTES } from './openapi/operator-operations.ts'
import { createCallbackTest } from './partner/callback-test.ts'
import { createEvents } from './partner/events.ts'
import { createExplain } from './partner/explain.ts'
import { createLookup } from './partner/lookup.ts'
import { createMe } from './partner/me.ts'
import { createRegister } from './partner/register.ts'
import { createRegistrationBody, type JudgeUrl } from './partner/registration-schemas.ts'
import { createRegistrations } from './partner/registrations.ts'
import { createResends } from './partner/resends.ts'
import { createSigningSecrets } from './partner/signing-secrets.ts'
import { createStatus } from './partner/status.ts'
import { createHealth, createMetricsPage, type HealthDeps, type MetricsDeps } from './probes.ts'
import { createRates, type RateDeps } from './rates.ts'

/** Below `/v1`, for the partner of the key. */
const PARTNER_PARTS = [
  ['/registrations', createRegister],
  ['/registrations', createLookup],
  ['/registrations', createRegistrations],
  ['/registrations', createExplain],
  ['/events', createEvents],
  ['/resend', createResends],
  ['/callbacks', createCallbackTest],
  ['/me', createMe],
  ['/status', createStatus],
  ['/signing-secrets', createSigningSecrets],
] as const
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

type Part =
  | Parameters<(typeof PARTNER_PARTS | typeof ADMIN_PARTS)[number][1]>[0]
  | (MetricsDeps & PartnerAuthDeps & FrameDeps & HealthDeps & AdminAuthDeps & AuditDeps & DocsDeps)
type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Every) => void
  ? Every
  : never

/** Everything that the parts need, and what the API itself needs. */
export type ApiDeps = RateDeps &
  Omit<All<Part>, 'registrationBody' | 'rates' | 'readBody' | 'sandbox'> & {
    judgeUrl: JudgeUrl
    /** Null: only tokens of the database open `/v1/admin`; to all others it is 404. */
    adminToken: Secret | null
    emit: Emit
  }

/** The HTTP API as one Hono app. Every error is answered as `application/problem+json`. */
export const createApi = (given: ApiDeps) => {
  const deps = { ...given, rates: createRates(given) }
  const app = createFrame(deps, {
    en: 'This address does not exist. See /docs for those that do.',
    zh: '该地址不存在。可用的地址见 /docs。',
  })
  const { sandbox } = deps.shownSettings
  const readPartnerBody: ReadPartnerBody = (c, schema, options) =>
    readBody(c, schema, { ...options, charge: bytes => deps.rates.take('bytes', c.get('partnerId'), bytes) })
  const checked = {
    ...deps,
    registrationBody: createRegistrationBody({ ...deps, sandbox }),
    sandbox,
    readBody: readPartnerBody,
  }
  app.route('/', createHealth(deps))
  app.route('/', createMetricsPage(deps))
  app.route('/', createDocs(deps))
  // Before the partners' part, so that no partner's key is checked for it.
  app.route('/v1/admin', createAdmin(deps))
  app.use('/v1/*', createPartnerAuth(deps))
  for (const [path, create] of PARTNER_PARTS) app.route(`/v1${path}`, create(checked))
  return app
}

const createAdmin = (deps: ApiDeps & Pick<AdminAuthDeps, 'rates'>) => {
  const app = new Hono<ApiEnv>()
  app.use(createAdminAuth(deps.adminToken, deps), createAudit(ADMIN_ROUTES, deps), createRoleCheck(ADMIN_ROUTES))
  for (const [path, create] of ADMIN_PARTS) app.route(path, create(deps))
  app.get('/openapi.json', noQuery, c => c.json(createOperatorDocument(deps.version)))
  app.all('*', c => c.notFound())
  return app
}
