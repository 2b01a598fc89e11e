import type { Context, Hono, MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { readApiKey } from '../../core/api-key.ts'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { checkRole } from '../admin/authorize.ts'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { clientNetwork } from '../caller.ts'
import { baseUrlOf } from '../docs/base-url.ts'
import { problemOf, problemOfError } from '../json/problem.ts'
import { addAccounts } from './accounts.ts'
import { createApiCalls, type Method, type Query, Refused } from './api-calls.ts'
import { addAssets } from './assets.ts'
import { addAudit } from './audit.ts'
import { addBulk } from './bulk.ts'
import { addDeliveries } from './deliveries.ts'
import { addEntering } from './entering.ts'
import { addExport } from './export.ts'
import { addFind } from './find.ts'
import { type Form, formAgain, formOf, postedOf, roleOf } from './forms.ts'
import { keepLanguage } from './language.ts'
import { addNodes } from './nodes.ts'
import { addNow } from './now.ts'
import { addOneRegistration } from './one-registration.ts'
import { type Html, layout, type Page, type Reader, readerOf } from './page.ts'
import { addPartners } from './partners.ts'
import { addRegistrations } from './registrations.ts'
import { addSecrets } from './secrets.ts'
import { createSessions, type Session } from './sessions.ts'
import { addSettings } from './settings.ts'
import { addTold } from './told.ts'

/** What a page is made with. */
export interface Visit extends Reader {
  c: Context<ApiEnv>
  session: Session
  /** What the path names; it can be put into another path. */
  id: string
  /** Where the caller reaches the API. */
  baseUrl: string
  /** Calls the API as who is signed in. */
  call: <Answer>(method: Method, path: string, more?: { query?: Query | undefined; body?: unknown }) => Promise<Answer>
  /** Whether who is signed in may make a call of the API: what it would refuse is not offered. */
  may: (call: { role: Role }) => Promise<boolean>
  /** The form that was posted. */
  form: () => Promise<Form>
}

export interface Console {
  /**
   * A page, or the path of the one that it leads to; null: there is none for who is signed in. One that asks for something is
   * refused to who may not do it.
   */
  page: (path: string, make: (visit: Visit) => Promise<Page | string | null>, asksFor?: { role: Role }) => void
  /** What is answered as it is, such as a download. */
  file: (path: string, make: (visit: Visit) => Promise<Response>) => void
  /** What a form does. It gives the path of the page that shows what came of it. */
  act: (path: string, run: (visit: Visit) => Promise<string | Page>) => void
}

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
  // Only the proxy that terminates TLS knows whether there is any.
  strictTransportSecurity: false,
})

/** Of a form, which is read whole: before a session, and in one. */
const MOST_KIB = { entering: 8, session: 64 }
const refuseLarge = (c: Context): void => {
  const most = MOST_KIB[/^\/console\/(sign-in|enter)$/.test(c.req.path) ? 'entering' : 'session']
  // In chunks of a byte 64 KiB take 200 ms of the event loop.
  if (c.req.header('transfer-encoding') === undefined && Number(c.req.header('content-length') ?? 0) <= most * 1024)
    return
  throw new AppError('payload_too_large', {
    en: `A form may have ${most} KiB at most, and must say its length (content-length).`,
    zh: `表单最大为 ${most} KiB，且必须带有 content-length。`,
  })
}

const NOT_THERE = {
  title: { en: 'Not there', zh: '不存在' },
  text: { en: 'There is no such page.', zh: '没有这个页面。' },
}
const WRONG: Words = {
  en: 'This is no valid admin token and no valid API key. The keys of a disabled partner are not valid.',
  zh: '这不是有效的管理令牌，也不是有效的 API 密钥。合作方被停用后，其密钥无效。',
}
/** Whose token it is. */
const ME: Readonly<Record<Session['kind'], string>> = { operator: '/v1/admin/me', partner: '/v1/me' }
const SIGN_IN: Words = { en: 'Sign in', zh: '登录' }

/** `/console`: the API as pages, for operators and, with a key, for partners. */
export const addConsole = (app: Hono<ApiEnv>, deps: SharedDeps): void => {
  const sessions = createSessions(deps)
  const callApi = createApiCalls(app, deps)

  const send = async (c: Context, reader: Reader, page: Page, status: ContentfulStatusCode = 200) =>
    c.html(await layout(c, reader, page, deps.config.server.consoleLabel), status)
  const notThere = (c: Context, reader: Reader) =>
    send(c, reader, { title: reader.t(NOT_THERE.title), body: html`<p>${reader.t(NOT_THERE.text)}</p>` }, 404)

  const refuseOtherSites = (c: Context): void => {
    const isOurs = c.req.header('origin') === new URL(baseUrlOf(c, deps.trustedProxies)).origin
    if (!isOurs && c.req.header('sec-fetch-site') !== 'same-origin') throw new AppError('forbidden', OTHER_SITE)
  }
  /** What the API answers, or would answer, with a problem is a page. */
  const pageOfError: MiddlewareHandler<ApiEnv> = async (c, next) => {
    await next()
    const { error } = c
    if (!error) return
    const reader = readerOf(c, sessions.of(c))
    const isRefused = error instanceof Refused
    // The call that failed has it in the log.
    if (isRefused) c.error = undefined
    const problem = isRefused ? error.problem : problemOf(problemOfError(c, error), reader.language)
    if (isRefused && error.retryAfter) c.header('retry-after', error.retryAfter)
    c.header('content-language', reader.language)
    // What was typed can be mended, or sent again later.
    const isToMend = isRefused && c.req.method === 'POST' && [409, 422, 429].includes(problem.status)
    c.res = await send(
      c,
      reader,
      problemPage(problem, isToMend ? formAgain(reader, await postedOf(c)) : isRefused ? error.form : ''),
      problem.status as ContentfulStatusCode,
    )
  }
  app.use('/console/*', SECURE, pageOfError, async (c, next) => {
    c.header('cache-control', 'no-store')
    // All others have the rate of their key or token.
    if (!sessions.of(c)) deps.rates.take('documents', clientNetwork(c, deps.trustedProxies))
    if (!['GET', 'HEAD'].includes(c.req.method)) {
      refuseOtherSites(c)
      refuseLarge(c)
    }
    keepLanguage(c, sessions.pathOf(c))
    await next()
  })
  addAssets(app)

  const visited = async (c: Context<ApiEnv>, make: (visit: Visit) => Promise<Response>): Promise<Response> => {
    const session = sessions.of(c)
    const reader = readerOf(c, session)
    // Without ADMIN_TOKEN there is no console, but for partners, and for tokens of the database.
    const signIn = () =>
      deps.config.server.adminToken === null
        ? send(c, reader, signInPage(reader), 404)
        : c.redirect(reader.to('sign-in', { to: c.req.method === 'GET' ? pathOf(c) : null }), 303)
    if (!session) return signIn()
    const call: Visit['call'] = async (method, path, more = {}) => {
      if (path.startsWith('/v1/admin/') !== (session.kind === 'operator')) throw new NotTheirs()
      return callApi(c, session, { method, path, ...more })
    }
    let role: Promise<Role> | undefined
    try {
      return await make({
        ...reader,
        c,
        session,
        call,
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
      if (error instanceof NotTheirs) return notThere(c, reader)
      if (!(error instanceof Refused) || error.problem.status !== 401) throw error
      // The token has ended.
      sessions.end(c)
      return signIn()
    }
  }
  app.get('/console', c => visited(c, async () => c.redirect('console/')))
  const show = async (visit: Visit, made: Page | string | null) => {
    if (made === null) return notThere(visit.c, visit)
    return typeof made === 'string' ? visit.c.redirect(visit.to(made), 303) : send(visit.c, visit, made)
  }
  const pages: Console = {
    page: (path, make, asksFor) =>
      app.get(`/console/${path}`, c =>
        visited(c, async visit => {
          if (asksFor) checkRole(await roleOf(visit), asksFor.role)
          return show(visit, await make(visit))
        }),
      ),
    file: (path, make) => app.get(`/console/${path}`, c => visited(c, make)),
    act: (path, run) => {
      app.post(`/console/${path}`, c => visited(c, async visit => show(visit, await run(visit))))
      // Where it has no page of that path, what it answers leads on, such as to the other language.
      app.get(`/console/${path}`, c => visited(c, visit => show(visit, pathOf(c).replace(/\/[^/]*$/, ''))))
    },
  }

  app.get('/console/sign-in', c => {
    const reader = readerOf(c, null)
    return send(c, reader, signInPage(reader, { to: c.req.query('to') }))
  })
  app.post('/console/sign-in', async c => {
    const reader = readerOf(c, null)
    const { token = '', to: target = '' } = await postedOf(c)
    const kind = readApiKey(token) ? 'partner' : 'operator'
    try {
      await callApi(c, { token }, { method: 'GET', path: ME[kind] })
    } catch (error) {
      // A wrong one is counted by the API; 404: it takes no admin tokens.
      if (!(error instanceof Refused) || ![401, 404].includes(error.problem.status)) throw error
      return send(c, reader, signInPage(reader, { to: target, wrong: reader.t(WRONG) }), 401)
    }
    sessions.begin(c, { kind, token })
    return c.redirect(reader.to(ownPath(target)), 303)
  })
  app.post('/console/sign-out', c => {
    sessions.end(c)
    return c.redirect(readerOf(c, null).to('sign-in'), 303)
  })

  addEntering(app, { deps, sessions, callApi, send })
  addNow(pages, deps)
  addRegistrations(pages)
  addExport(pages, deps)
  addOneRegistration(pages)
  addFind(pages)
  addDeliveries(pages)
  addBulk(pages)
  addAccounts(pages)
  addPartners(pages, deps)
  addNodes(pages)
  addAudit(pages)
  addSecrets(pages)
  addTold(pages)
  addSettings(pages)
  app.all('/console/*', c => visited(c, visit => notThere(c, visit)))
}

/** A page, or a form, for partners that an operator has opened, or the reverse. The API would take the token for a wrong one. */
class NotTheirs extends Error {}

const OTHER_SITE: Words = {
  en: 'This form was sent from another site. Open the console and send it from there.',
  zh: '该表单来自其他网站。请打开控制台，在其中提交。',
}

/** Where a page is below `/console/`, with its query. */
const pathOf = (c: Context): string => {
  const { pathname, search } = new URL(c.req.url)
  return `${pathname.slice('/console/'.length)}${search}`
}
/** Nothing that could lead elsewhere. */
const ownPath = (path: string): string => (/^[\w-]+(\/[\w-]+)*(\?[!\x22\x24-\x7e]*)?$/.test(path) ? path : '')

const signInPage = (
  { t, to }: Reader,
  { to: target = '', wrong }: { to?: string | undefined; wrong?: string } = {},
): Page => ({
  title: t(SIGN_IN),
  body: html`
  <form method="post" action="${to('sign-in')}" class="sign-in">
    ${wrong ? html`<p role="alert" class="bad">${wrong}</p>` : ''}
    <input type="hidden" name="to" value="${target}">
    <label>${t({ en: 'Admin token or API key', zh: '管理令牌或 API 密钥' })}
      <input type="password" name="token" required autocomplete="current-password" maxlength="400"></label>
    <button>${t(SIGN_IN)}</button>
    <p>${t({
      en: 'Operators: ADMIN_TOKEN, or a token of your own (npm run cli -- admin-token create NAME). Partners: your API key, which begins with ifn_.',
      zh: '运维人员：ADMIN_TOKEN，或自己的令牌（npm run cli -- admin-token create NAME）。合作方：以 ifn_ 开头的 API 密钥。',
    })}</p>
  </form>`,
})

const problemPage = (problem: Pick<Refused['problem'], 'title' | 'detail' | 'errors'>, form: Html): Page => ({
  title: problem.title,
  body: html`<p role="alert" class="bad">${problem.detail}</p>
    ${problem.errors ? html`<ul>${problem.errors.map(({ path, message }) => html`<li><code>${path}</code> ${message}</li>`)}</ul>` : ''}
    ${form}`,
})
