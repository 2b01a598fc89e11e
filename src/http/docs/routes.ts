import { readFile } from 'node:fs/promises'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { html, raw } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { DAY, HOUR, SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Language } from '../../core/language.ts'
import { readClientPackage } from '../built-files.ts'
import { clientNetwork } from '../caller.ts'
import { chosenLanguage, languageOf, rememberedLanguage } from '../language.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { createPartnerDocument } from '../openapi/document.ts'
import type { Rates } from '../rates.ts'
import { assetOf, createAsset, once, send } from './asset.ts'
import { type BaseUrlDeps, baseUrlOf, withBaseUrl } from './base-url.ts'
import { createDocuments, DOCS, readExamples } from './documents.ts'
import { layout, type View } from './layout.ts'
import { escapeHtml } from './markdown.ts'
import { EXAMPLES, PAGES, type Page, queryOf, START } from './pages.ts'
import type { ShownSettings } from './setting-texts.ts'

const fileOf = (name: string, type: string) => assetOf(type, () => readFile(new URL(`site/${name}`, DOCS)))

const HTML = 'text/html; charset=UTF-8'
const TEXT = 'text/plain; charset=utf-8'
const JAVASCRIPT = 'text/javascript; charset=utf-8'
const TARBALL = 'application/gzip'
/** All files that are served. A name is only looked up in this map, so no name can reach another file. */
const ASSETS = new Map([
  ['page.css', fileOf('page.css', 'text/css; charset=utf-8')],
  ...['page', 'highlight', 'samples', 'search'].map(name => [`${name}.js`, fileOf(`${name}.js`, JAVASCRIPT)] as const),
  ['icon.svg', fileOf('icon.svg', 'image/svg+xml')],
])
const IMMUTABLE = `public, max-age=${(365 * DAY) / SECOND}, immutable`
const ASSET_SECONDS = HOUR / SECOND

/** A page loads nothing from other hosts, and has no inline script or style. */
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // Only the proxy that terminates TLS knows whether there is any.
  strictTransportSecurity: false,
})

const WITH_SLASH = new Set(PAGES.map(({ path }) => `/${path}/`))

/** A slash at the end of a page's address leads to the page. Relative, so that it works below any prefix. */
const withoutSlash: MiddlewareHandler = async function withoutSlash(c, next) {
  if (!WITH_SLASH.has(c.req.path)) return next()
  const name = c.req.path.split('/').at(-2)
  return c.redirect(`../${name}${new URL(c.req.url).search}`, 301)
}

/** A page says its reader's own address and language, so nobody keeps it for others. */
const forReader = (c: Context): void => {
  c.header('cache-control', 'private, no-cache')
  c.header('vary', 'accept, accept-language, cookie')
}

/** The language of the reader, and the one that has been chosen by a link. */
const readerOf = (c: Context): Pick<View, 'language' | 'chosen'> => {
  const chosen = chosenLanguage(c)
  return { chosen, language: chosen ?? rememberedLanguage(c) ?? languageOf(c) }
}

/** Whether a browser asks, and no curl. */
const wantsPage = (c: Context): boolean => c.req.header('accept')?.includes('text/html') ?? false

const NOTHING = {
  title: { en: 'Not found', zh: '未找到' },
  detail: { en: 'There is no page or file with this name.', zh: '没有该名称的页面或文件。' },
}

const FILES = { en: { title: 'The files', download: 'download' }, zh: { title: '文件', download: '下载' } }

const fileList = (names: Iterable<string>, language: Language, query: string) => {
  const { title, download } = FILES[language]
  const items = [...names].map(
    name =>
      html`<li><a href="examples/${name}${query}">${name}</a> (<a href="examples/${name}?raw" download="${name}" aria-label="${download} ${name}">${download}</a>)</li>`,
  )
  return html`<h2 id="files">${title}</h2><ul>${items}</ul>`
}

export interface DocsDeps extends BaseUrlDeps {
  version: string
  rates: Pick<Rates, 'take'>
  shownSettings: ShownSettings
}

/** `/openapi.json`, and the pages under `/docs`. Each is built when it is first requested. */
export const createDocs = (deps: DocsDeps) => {
  const app = new Hono<ApiEnv>()
  const openApiIn = (language: Language) =>
    assetOf('application/json', () => JSON.stringify(createPartnerDocument(deps.version, language)))
  const openApi = { en: openApiIn('en'), zh: openApiIn('zh') }
  const documentOf = createDocuments(deps.shownSettings)
  const examples = once(readExamples)
  const limit: MiddlewareHandler = function limitReading(c, next) {
    deps.rates.take('documents', clientNetwork(c, deps.trustedProxies))
    return next()
  }

  const pageFor = async (c: Context, view: Omit<View, 'version'>) => {
    const page = await layout({ ...view, version: deps.version })
    c.header('content-language', view.contentLanguage)
    forReader(c)
    return withBaseUrl(page, escapeHtml(baseUrlOf(c, deps)))
  }
  const sendDocument = async (c: Context, page: Pick<Page, 'path' | 'source'>) => {
    const reader = readerOf(c)
    const { title, sections, html: text, language } = await documentOf(page, reader.language, reader.chosen)
    const isList = page.path === EXAMPLES.path
    const list = isList ? fileList((await examples()).keys(), language, queryOf(reader.chosen)) : ''
    const content = html`${raw(text)}${list}`
    const view = { ...reader, path: page.path, title, sections, content, contentLanguage: language }
    return send(c, createAsset(HTML, await pageFor(c, view)))
  }
  const sendNotFound = async (c: Context) => {
    if (!wantsPage(c)) throw new AppError('not_found', NOTHING.detail)
    const reader = readerOf(c)
    const { language } = reader
    const [path, title] = [c.req.path.slice(1), NOTHING.title[language]]
    const content = html`<h1>${title}</h1><p>${NOTHING.detail[language]}</p>`
    return c.html(await pageFor(c, { ...reader, path, title, content, contentLanguage: language }), 404)
  }

  const sendOpenApi = async (c: Context) => {
    const language = chosenLanguage(c) ?? languageOf(c)
    c.header('content-language', language)
    c.header('vary', 'accept-language')
    return send(c, await openApi[language]())
  }

  const sendClient = async (c: Context, version: string | undefined) => {
    // Read each time: it may be built while the service runs.
    const asset = createAsset(TARBALL, await readClientPackage(version ?? deps.version))
    c.header('cache-control', version === undefined ? 'no-cache' : IMMUTABLE)
    return send(c, asset)
  }

  app.use('/openapi.json', limit, headers)
  app.use('/docs/*', limit, headers, withoutSlash)

  app.get('/openapi.json', sendOpenApi)
  app.get('/', c => c.redirect(`${START.path}${queryOf(chosenLanguage(c))}`))
  app.get('/docs', c => sendDocument(c, START))
  app.get('/docs/:page', (c, next) => {
    const tarball = /^client(?:-(\d+\.\d+\.\d+))?\.tgz$/.exec(c.req.param('page'))
    if (tarball) return sendClient(c, tarball[1])
    const page = PAGES.find(({ path }) => path === `docs/${c.req.param('page')}`)
    return page ? sendDocument(c, page) : next()
  })
  app.get('/docs/examples/:file', async (c, next) => {
    const file = c.req.param('file')
    const text = (await examples()).get(file)
    if (text === undefined) return next()
    if (wantsPage(c) && c.req.query('raw') === undefined)
      return sendDocument(c, { path: `${EXAMPLES.path}/${file}`, source: `examples/${file}` })
    forReader(c)
    return send(c, createAsset(TEXT, withBaseUrl(text, baseUrlOf(c, deps))))
  })
  app.get('/docs/assets/:file', async (c, next) => {
    const asset = ASSETS.get(c.req.param('file'))
    if (!asset) return next()
    c.header('cache-control', `public, max-age=${ASSET_SECONDS}`)
    return send(c, await asset())
  })
  app.get('/docs/*', sendNotFound)

  return app
}
