import { requireRole } from './admin/authorize.ts'
import type { ApiDeps } from './api-env.ts'
import { addCalls } from './calls.ts'
import { addConsole } from './console/console.ts'
import { createConsoleVault } from './console-links.ts'
import { createDocs } from './docs/routes.ts'
import { createFrame } from './frame.ts'
import { noQuery } from './json/validate.ts'
import { createPartnerAuth } from './middleware/authenticate.ts'
import { createAdminAuth } from './middleware/authenticate-operator.ts'
import { createOperatorDocument } from './openapi/document.ts'
import { OPERATOR_OPERATIONS, PARTNER_OPERATIONS } from './openapi/operations.ts'
import { createRegistrar } from './partner/register.ts'
import { createLongPoll } from './partner/registrations.ts'
import { addProbes } from './probes.ts'
import { createRates } from './rates.ts'

/** The HTTP API as one Hono app. Every error is answered as `application/problem+json`. */
export const createApi = (given: ApiDeps) => {
  const shared = { ...given, rates: createRates(given), consoleVault: createConsoleVault(given) }
  const deps = { ...shared, registrar: createRegistrar(shared), waitForEnd: createLongPoll(shared) }
  const app = createFrame(deps, {
    en: 'This address does not exist. See /docs for those that do.',
    zh: '该地址不存在。可用的地址见 /docs。',
  })
  addProbes(app, deps)
  app.route('/', createDocs(deps))
  addConsole(app, deps)
  // Before the partners' part, so that admin paths check no partner's key.
  app.use('/v1/admin/*', createAdminAuth(deps))
  addCalls(app, OPERATOR_OPERATIONS, deps)
  let forOperators: object | null = null
  app.get('/v1/admin/openapi.json', requireRole('read'), noQuery, c => {
    forOperators ??= createOperatorDocument(deps.version)
    return c.json(forOperators)
  })
  app.all('/v1/admin/*', c => c.notFound())
  app.use('/v1/*', createPartnerAuth(deps))
  addCalls(app, PARTNER_OPERATIONS, deps)
  return app
}
