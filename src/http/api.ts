import { Hono } from 'hono'
import type { Secret } from '../core/secret.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type AdminAccountDeps, createAdminAccounts } from './admin/accounts.ts'
import { type AdminAuditDeps, createAdminAudit } from './admin/audit.ts'
import { type AuditDeps, createAudit, refuseByRole } from './admin/authorize.ts'
import { type AdminBulkDeps, createAdminBulk } from './admin/bulk.ts'
import { type AdminCallbackDeps, createAdminCallbacks } from './admin/callbacks.ts'
import { type AdminMessageDeps, createAdminMessages } from './admin/messages.ts'
import { type AdminNodeDeps, createAdminNodes } from './admin/nodes.ts'
import { createOverview, type OverviewDeps } from './admin/overview.ts'
import {
  type AdminKeyDeps,
  type AdminPartnerDeps,
  createAdminKeys,
  createAdminPartners,
  createPartnerKeys,
} from './admin/partners.ts'
import { type AdminRegistrationDeps, createAdminRegistrations } from './admin/registrations.ts'
import { createDocs, type DocsDeps } from './docs/routes.ts'
import { createFrame, type FrameDeps } from './frame.ts'
import { type ReadPartnerBody, readBody } from './json/request-body.ts'
import { noQuery } from './json/validate.ts'
import { type ApiEnv, createPartnerAuth, type PartnerAuthDeps } from './middleware/authenticate.ts'
import { type AdminAuthDeps, createAdminAuth } from './middleware/authenticate-operator.ts'
import { createOperatorDocument } from './openapi/document.ts'
import { type CallbackTestDeps, createCallbackTest } from './partner/callback-test.ts'
import { createEvents, type EventDeps } from './partner/events.ts'
import { createExplain, type ExplainDeps } from './partner/explain.ts'
import { createLookup, type LookupDeps } from './partner/lookup.ts'
import { createMe, type MeDeps } from './partner/me.ts'
import { createRegister, type RegisterDeps } from './partner/register.ts'
import { createRegistrationBody, type JudgeUrl } from './partner/registration-schemas.ts'
import { createRegistrations, type RegistrationDeps } from './partner/registrations.ts'
import { createResends, type ResendDeps } from './partner/resends.ts'
import { createSigningSecrets, type SigningSecretDeps } from './partner/signing-secrets.ts'
import { createStatus, type StatusDeps } from './partner/status.ts'
import { createHealth, createMetricsPage, type HealthDeps, type MetricsDeps } from './probes.ts'
import { createRates, type RateDeps } from './rates.ts'

type Part =
  | RegistrationDeps
  | RegisterDeps
  | LookupDeps
  | ExplainDeps
  | EventDeps
  | ResendDeps
  | CallbackTestDeps
  | SigningSecretDeps
  | MeDeps
  | StatusDeps
  | MetricsDeps
  | PartnerAuthDeps
  | FrameDeps
  | HealthDeps
  | AdminPartnerDeps
  | AdminKeyDeps
  | AdminAccountDeps
  | AdminNodeDeps
  | OverviewDeps
  | AdminAuditDeps
  | AdminBulkDeps
  | AdminCallbackDeps
  | AdminRegistrationDeps
  | AdminMessageDeps
  | AdminAuthDeps
  | AuditDeps
  | DocsDeps
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
  app.route('/v1/registrations', createRegister(checked))
  app.route('/v1/registrations', createLookup(checked))
  app.route('/v1/registrations', createRegistrations(checked))
  app.route('/v1/registrations', createExplain(deps))
  app.route('/v1/events', createEvents(deps))
  app.route('/v1/resend', createResends(checked))
  app.route('/v1/callbacks', createCallbackTest(checked))
  app.route('/v1/me', createMe(deps))
  app.route('/v1/status', createStatus(deps))
  app.route('/v1/signing-secrets', createSigningSecrets(checked))
  return app
}

const createAdmin = (deps: ApiDeps & Pick<AdminAuthDeps, 'rates'>) => {
  const app = new Hono<ApiEnv>()
  app.use(createAdminAuth(deps.adminToken, deps), createAudit(deps), refuseByRole)
  app.route('/accounts', createAdminAccounts(deps))
  app.route('/partners', createAdminPartners(deps))
  app.route('/partners', createPartnerKeys(deps))
  app.route('/keys', createAdminKeys(deps))
  app.route('/audit', createAdminAudit(deps))
  app.route('/bulk', createAdminBulk(deps))
  app.route('/registrations', createAdminRegistrations(deps))
  app.route('/messages', createAdminMessages(deps))
  app.route('/callbacks', createAdminCallbacks(deps))
  app.route('/nodes', createAdminNodes(deps))
  app.route('/overview', createOverview(deps))
  app.get('/openapi.json', noQuery, c => c.json(createOperatorDocument(deps.version)))
  app.all('*', c => c.notFound())
  return app
}
