import type { Context, Hono, MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { MINUTE } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { describeTrouble } from '../../core/operator-texts/describe.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { checkRole } from '../admin/authorize.ts'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { clientNetwork } from '../caller.ts'
import { baseUrlOf } from '../docs/base-url.ts'
import { problemOf, problemOfError } from '../json/problem.ts'
import { keepLanguage } from '../language.ts'
import { addAccounts } from './accounts.ts'
import { addAlerts } from './alerts.ts'
import { type CallApi, createApiCalls, Refused } from './api-calls.ts'
import { addAssets } from './assets.ts'
import { addAudit } from './audit.ts'
import { addBulk } from './bulk.ts'
import { addContact } from './contact.ts'
import { addDeliveries } from './deliveries.ts'
import { addExport } from './export.ts'
import { addFind } from './find.ts'
import { formAgain, formOf, postedOf, refuseLarge, roleOf, wrongFields } from './forms.ts'
import { addHosts } from './hosts.ts'
import { addKeys } from './keys.ts'
import { COUNTED, layout, redirectPage, shortPage } from './layout.ts'
import { addNodes } from './nodes.ts'
import { addNow } from './now.ts'
import { addOneRegistration } from './one-registration.ts'
import { type ConsolePage, type Counts, pathOf, type Reader, readerOf } from './page.ts'
import { addPartners } from './partners.ts'
import { addRegistrations } from './registrations.ts'
import { addSecrets } from './secrets.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { addSettings } from './settings.ts'
import { addSigningIn, signInPage } from './signing-in.ts'
import { addTicked } from './ticked.ts'
import { addTokens } from './tokens.ts'
import type { Console, Made, Visit } from './visit.ts'

const SECURE = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  referrerPolicy: 'no-referrer',
  // Only the proxy that terminates TLS knows whether TLS is used.
  strictTransportSecurity: false,
})

const notFoundPage = ({ t }: Reader): ConsolePage => ({
  title: t({ en: 'Not found', zh: '不存在' }),
  body: html`<p>${t({ en: 'There is no such page.', zh: '没有这个页面。' })}</p>`,
  status: 404,
})

interface Frame {
  deps: SharedDeps
  sessions: Sessions
  /** Sends a page or a download, or redirects to a path. */
  send: (c: Context, reader: Reader, made: Made) => Promise<Response>
}

/** Adds what all pages share: the rate, headers, pages of errors, checks of forms and the language. */
const addFrame = (app: Hono<ApiEnv>, { deps, sessions, send }: Frame): void => {
  const refuseOtherSites = (c: Context): void => {
    const isOurs = c.req.header('origin') === new URL(baseUrlOf(c, deps.trustedProxies)).origin
    if (!isOurs && c.req.header('sec-fetch-site') !== 'same-origin') throw new AppError('forbidden', OTHER_SITE)
  }
  /** Turns an error into a page with the problem that the API returns for it. */
  const pageOfError: MiddlewareHandler<ApiEnv> = async (c, next) => {
    await next()
    const { error } = c
    if (!error) return
    const reader = readerOf(c, sessions.of(c))
    const isRefused = error instanceof Refused
    // The failed call has logged it already.
    if (isRefused) c.error = undefined
    const problem = isRefused ? error.problem : problemOf(problemOfError(c, error), reader.language)
    if (isRefused && error.retryAfter) c.header('retry-after', error.retryAfter)
    c.header('content-language', reader.language)
    // The input can be corrected, or sent again later.
    const isCorrectable = isRefused && c.req.method === 'POST' && [409, 422, 429].includes(problem.status)
    const form = isCorrectable ? formAgain(reader, await postedOf(c)) : isRefused ? error.form : ''
    const isShort = problem.status === 429 && form === ''
    const [, fault] = (sessions.of(c)?.kind === 'operator' && DATABASE_FAULT.exec(problem.detail)) || []
    const failing = fault && ({ code: 'store_failing', since: null, error: fault } as const)
    const todo = failing ? html`<p>${describeTrouble(failing, reader.language, 0).advice}</p>` : ''
    const { errors, detail } = problem
    const body = html`<p role="alert" class="bad">${errors ? reader.t(WRONG) : detail}</p>
    ${errors ? wrongFields(reader, errors) : ''}${todo}${form}`
    const page = {
      title: [400, 422].includes(problem.status) ? reader.t(CHECK_INPUT) : problem.title,
      status: problem.status as ContentfulStatusCode,
      body,
    }
    c.res = isShort ? await c.html(shortPage(reader, problem), 429) : await send(c, reader, page)
  }
  /** Runs first, so that a caller over the rate costs little more than at the API. */
  const limit: MiddlewareHandler<ApiEnv> = async (c, next) => {
    try {
      deps.rates.take('documents', sessions.of(c)?.who ?? clientNetwork(c, deps.trustedProxies))
    } catch (error) {
      const reader = readerOf(c, null)
      const { headers, ...problem } = problemOfError(c, error as AppError)
      return c.html(shortPage(reader, problemOf(problem, reader.language)), 429, headers)
    }
    return next()
  }
  app.use('/console/*', limit, SECURE, pageOfError, async (c, next) => {
    c.header('cache-control', 'no-store')
    if (!['GET', 'HEAD'].includes(c.req.method)) {
      refuseOtherSites(c)
      refuseLarge(c)
    }
    keepLanguage(c, sessions.pathOf(c))
    await next()
  })
}

/** Returns a function that runs `make` for the signed-in caller, and leads others to the sign-in. */
const createVisits = ({ deps, sessions, send }: Frame, callApi: CallApi) => {
  /** Of the last operator's page with counts: all operators see the same. */
  let lastCounts = { counts: {} as Counts, until: 0 }
  return async (c: Context<ApiEnv>, make: (visit: Visit) => Promise<Response>): Promise<Response> => {
    const session = sessions.of(c)
    const reader = readerOf(c, session)
    const isFromElsewhere = c.req.header('sec-fetch-site') === 'cross-site'
    const asked = pathOf(c).replace(isFromElsewhere ? /^(?=\?|$)/ : /^(?=\?)/, './')
    const path = reader.to('sign-in', { to: c.req.method === 'GET' ? asked : null })
    // 404 without ADMIN_TOKEN. Partners, and operators with a token from the database, can still sign in.
    const signIn = () =>
      deps.config.server.adminToken === null
        ? send(c, reader, { ...signInPage(reader), status: 404 })
        : c.redirect(path, 303)
    // A link from elsewhere, as in a chat, brings no cookie: what the browser then asks for itself does.
    if (!session) return isFromElsewhere ? c.html(redirectPage(path)) : signIn()
    let calls = 0
    let counts: Counts = session.kind === 'operator' && deps.now() < lastCounts.until ? lastCounts.counts : {}
    const call: Visit['call'] = async (method, path, more = {}) => {
      if (path.startsWith('/v1/admin/') !== (session.kind === 'operator')) throw new WrongSessionKind()
      const answer = await callApi<never>(c, session, { method, path, ...more })
      const found = COUNTED[path]?.(answer)
      if (found) counts = found
      if (found && session.kind === 'operator') lastCounts = { counts, until: deps.now() + MINUTE }
      // The API has counted its calls, so a page that refreshes itself uses no `documents` rate.
      deps.rates.give('documents', session.who, calls++ === 0 ? 1 : 0)
      return answer
    }
    let role: Promise<Role> | undefined
    try {
      return await make({
        ...reader,
        counts: () => counts,
        c,
        session,
        call,
        now: deps.now,
        id: encodeURIComponent(c.req.param('id') ?? ''),
        baseUrl: baseUrlOf(c, deps.trustedProxies),
        may: async needed => {
          if (session.kind === 'partner') return true
          role ??= roleOf({ call })
          return includesRole(await role, needed.role)
        },
        form: () => formOf(c),
      })
    } catch (error) {
      if (error instanceof WrongSessionKind) return send(c, reader, notFoundPage(reader))
      if (!(error instanceof Refused) || error.problem.status !== 401) throw error
      // The token is no longer valid.
      sessions.end(c)
      return signIn()
    }
  }
}

/** `/console`: the API as pages, for operators and for partners with a key. */
export const addConsole = (app: Hono<ApiEnv>, deps: SharedDeps): void => {
  const sessions = createSessions(deps)
  const callApi = createApiCalls(app, deps)
  const send: Frame['send'] = async (c, reader, made) => {
    if (made instanceof Response) return made
    if (typeof made === 'string') return c.redirect(reader.to(made), 303)
    const isOperator = reader.session?.kind === 'operator'
    // While the database is away, the page is shown without.
    const heldAt = isOperator ? deps.store.deliveriesHeldAt().catch(() => null) : null
    return c.html(await layout(c, reader, made, { label: deps.config.server.consoleLabel, heldAt }), made.status)
  }
  const visited = createVisits({ deps, sessions, send }, callApi)
  addFrame(app, { deps, sessions, send })
  addAssets(app)

  const show = (c: Context<ApiEnv>, make: (visit: Visit) => Promise<Made>) =>
    visited(c, async visit => send(c, visit, await make(visit)))
  app.get('/console', c => show(c, async () => c.redirect('console/')))
  const pages: Console = {
    open: (method, path, make) =>
      app.on(method, `/console/${path}`, async c => {
        const reader = readerOf(c, null)
        return send(c, reader, await make(c, reader))
      }),
    page: (path, make, asksFor) =>
      app.get(`/console/${path}`, c =>
        show(c, async visit => {
          if (asksFor) checkRole(await roleOf(visit), asksFor.role)
          return make(visit)
        }),
      ),
    act: (path, run) => {
      const pageAbove = (c: Context) => pathOf(c).replace(/\/[^/]*$/, '')
      app.post(`/console/${path}`, c => show(c, async visit => (await run(visit)) ?? pageAbove(c)))
      // If no page has this path, a GET of it (as from the link to the other language) leads to the page above.
      app.get(`/console/${path}`, c => show(c, async () => pageAbove(c)))
    },
  }

  addSigningIn(pages, { deps, sessions, callApi })
  addNow(pages, deps)
  addRegistrations(pages)
  addTicked(pages)
  addExport(pages, deps)
  addOneRegistration(pages)
  addFind(pages)
  addDeliveries(pages)
  addHosts(pages)
  addBulk(pages)
  addAccounts(pages)
  addPartners(pages, deps)
  addKeys(pages)
  addNodes(pages)
  addAudit(pages)
  addSecrets(pages)
  addContact(pages)
  addAlerts(pages)
  addSettings(pages)
  addTokens(pages)
  app.all('/console/*', c => show(c, async visit => notFoundPage(visit)))
}

/** An operator opened a page or form for partners, or the reverse. The API would count the token as wrong. */
class WrongSessionKind extends Error {}

const CHECK_INPUT: Words = { en: 'Check the input', zh: '请检查输入' }
const WRONG: Words = { en: 'These fields cannot be used as they are:', zh: '以下各项填写有误：' }
const OTHER_SITE: Words = {
  en: 'This form was sent from another site. Open the console and send it from there.',
  zh: '该表单来自其他网站。请打开控制台，在其中提交。',
}

/** The database's error code, at the end of the problem's detail. */
const DATABASE_FAULT = /(?:: |：)(\w+)[)）]$/
