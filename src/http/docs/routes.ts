import { readFile } from 'node:fs/promises'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { html, raw } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { stringify } from 'yaml'
import { DAY, HOUR, SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Language } from '../../core/language.ts'
import { readClientPackage, swaggerUi } from '../built-files.ts'
import { chosenLanguage, languageOf } from '../language.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { clientAddress, networkOf } from '../middleware/client-address.ts'
import { createRateLimit } from '../middleware/rate-limit.ts'
import { createPartnerDocument, type DocumentDeps } from '../openapi/document.ts'
import { assetOf, createAsset, once, send } from './asset.ts'
import { type BaseUrlDeps, baseUrlOf, withBaseUrl } from './base-url.ts'
import { createDocuments, DOCS, readExamples } from './documents.ts'
import { layout, type View } from './layout.ts'
import { escapeHtml } from './markdown.ts'
import { EXAMPLES, PAGES, type Page, queryOf, REFERENCE, START } from './pages.ts'
import type { ShownSettings } from './setting-texts.ts'

const inSite = (name: string): URL => new URL(`site/${name}`, DOCS)

const HTML = 'text/html; charset=UTF-8'
const TEXT = 'text/plain; charset=utf-8'
const CSS = 'text/css; charset=utf-8'
const JAVASCRIPT = 'text/javascript; charset=utf-8'
const TARBALL = 'application/gzip'
/** All files that are served. A name is only looked up in this map, so no name can reach another file. */
const ASSETS = new Map([
  ['page.css', assetOf(CSS, () => readFile(inSite('page.css')))],
  ['page.js', assetOf(JAVASCRIPT, () => readFile(inSite('page.js')))],
  ['swagger-ui.css', assetOf(CSS, () => readFile(swaggerUi('swagger-ui.css')))],
  ['swagger-ui-bundle.js', assetOf(JAVASCRIPT, () => readFile(swaggerUi('swagger-ui-bundle.js')))],
  ['reference.css', assetOf(CSS, () => readFile(inSite('reference.css')))],
  ['reference.js', assetOf(JAVASCRIPT, () => readFile(inSite('reference.js')))],
  ['icon.svg', assetOf('image/svg+xml', () => readFile(inSite('icon.svg')))],
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

const WITH_SLASH = new Set([...PAGES, REFERENCE].map(({ path }) => `/${path}/`))

/** A slash at the end of a page's address leads to the page. Relative, so that it works below any prefix. */
const withoutSlash: MiddlewareHandler = async function withoutSlash(c, next) {
  if (!WITH_SLASH.has(c.req.path)) return next()
  const name = c.req.path.split('/').at(-2)
  return c.redirect(`../${name}${new URL(c.req.url).search}`, 301)
}

/** A page says its reader's own address and language, so nobody keeps it for others. */
const sendForReader = (c: Context, type: string, text: string): Response => {
  c.header('cache-control', 'private, no-cache')
  c.header('vary', 'accept-language')
  return send(c, createAsset(type, text))
}

/** The language of the reader, and the one that has been chosen by a link. */
const readerOf = (c: Context): Pick<View, 'language' | 'chosen'> => {
  const chosen = chosenLanguage(c)
  return { chosen, language: chosen ?? languageOf(c) }
}

const NO_PAGE = { en: 'There is no page with this name.', zh: '没有该名称的页面。' }
const NO_FILE = { en: 'There is no file with this name.', zh: '没有该名称的文件。' }

const FILES = { en: { title: 'The files', download: 'download' }, zh: { title: '文件', download: '下载' } }

const fileList = (names: Iterable<string>, language: View['language']) => {
  const { title, download } = FILES[language]
  const items = [...names].map(
    name =>
      html`<li><a href="examples/${name}">${name}</a> (<a href="examples/${name}" download aria-label="${download} ${name}">${download}</a>)</li>`,
  )
  return html`<h2 id="files">${title}</h2><ul>${items}</ul>`
}

/** All that a reader without scripts, such as curl, sees of the reference. */
const withoutScripts = ({ language, chosen }: Pick<View, 'language' | 'chosen'>) => {
  const json = html`<a href="../openapi.json${queryOf(chosen)}">openapi.json</a>`
  const yaml = html`<a href="../openapi.yaml${queryOf(chosen)}">openapi.yaml</a>`
  return language === 'zh'
    ? html`<p>本页需要 JavaScript。全部接口及其字段也可查阅 ${json} 或 ${yaml}。</p>`
    : html`<p>This page needs JavaScript. Every call and its fields are in ${json} and ${yaml}, too.</p>`
}

/** Requests of one network, which need no key. A page takes four, the reference eight. */
const READING = { rate: 10, burst: 100 }

export interface DocsDeps extends DocumentDeps, BaseUrlDeps {
  shownSettings: ShownSettings
}

/** Long texts stay on their line, and no part is a reference to another. */
const YAML = { lineWidth: 0, aliasDuplicateObjects: false }

/** `/openapi.json`, `/openapi.yaml`, and the pages under `/docs`. Each is built when it is first requested. */
export const createDocs = (deps: DocsDeps) => {
  const app = new Hono<ApiEnv>()
  const openApiIn = (language: Language) => ({
    json: assetOf('application/json', () => JSON.stringify(createPartnerDocument(deps, language))),
    yaml: assetOf('application/yaml', () => stringify(createPartnerDocument(deps, language), YAML)),
  })
  const openApi = { en: openApiIn('en'), zh: openApiIn('zh') }
  const documentOf = createDocuments(deps.shownSettings)
  const examples = once(readExamples)
  const take = createRateLimit({
    now: deps.now,
    rateShare: null,
    detail: {
      en: 'Too many calls for the documentation have come from your address.',
      zh: '来自您所在地址的文档请求过多。',
    },
  })
  const limit: MiddlewareHandler = function limitReading(c, next) {
    take(networkOf(clientAddress(c, deps.trustedProxies)), READING)
    return next()
  }

  const sendPage = async (c: Context, view: Omit<View, 'version'>) => {
    const page = await layout({ ...view, version: deps.version })
    c.header('content-language', view.contentLanguage)
    return sendForReader(c, HTML, withBaseUrl(page, escapeHtml(baseUrlOf(c, deps))))
  }
  const sendDocument = async (c: Context, page: Page) => {
    const reader = readerOf(c)
    const { title, sections, html: text, language } = await documentOf(page, reader.language, reader.chosen)
    const list = page.path === EXAMPLES.path ? fileList((await examples()).keys(), language) : ''
    const content = html`${raw(text)}${list}`
    return sendPage(c, {
      ...reader,
      path: page.path,
      title,
      sections,
      content,
      isText: true,
      contentLanguage: language,
    })
  }

  const sendOpenApi = async (c: Context, form: 'json' | 'yaml') => {
    const { language } = readerOf(c)
    c.header('content-language', language)
    c.header('vary', 'accept-language')
    return send(c, await openApi[language][form]())
  }

  const sendReference = (c: Context) => {
    const reader = readerOf(c)
    return sendPage(c, {
      ...reader,
      path: REFERENCE.path,
      title: REFERENCE.label[reader.language],
      content: html`<noscript>${withoutScripts(reader)}</noscript><div id="reference"></div>`,
      isText: false,
      contentLanguage: reader.language,
      styles: ['swagger-ui.css', 'reference.css'],
      scripts: ['swagger-ui-bundle.js', 'reference.js'],
    })
  }

  const sendClient = async (c: Context, version: string | undefined) => {
    // Read each time: it may be built while the service runs.
    const asset = createAsset(TARBALL, await readClientPackage(version ?? deps.version))
    c.header('cache-control', version === undefined ? 'no-cache' : IMMUTABLE)
    return send(c, asset)
  }

  app.use('/openapi.json', limit, headers)
  app.use('/openapi.yaml', limit, headers)
  app.use('/docs/*', limit, headers, withoutSlash)

  app.get('/openapi.json', c => sendOpenApi(c, 'json'))
  app.get('/openapi.yaml', c => sendOpenApi(c, 'yaml'))
  app.get('/', c => c.redirect(`${START.path}${queryOf(chosenLanguage(c))}`))
  app.get('/docs', c => sendDocument(c, START))
  app.get('/docs/:page', c => {
    const tarball = /^client(?:-(\d+\.\d+\.\d+))?\.tgz$/.exec(c.req.param('page'))
    if (tarball) return sendClient(c, tarball[1])
    const path = `docs/${c.req.param('page')}`
    if (path === REFERENCE.path) return sendReference(c)
    const page = PAGES.find(one => one.path === path)
    if (!page) throw new AppError('not_found', NO_PAGE)
    return sendDocument(c, page)
  })
  app.get('/docs/examples/:file', async c => {
    const text = (await examples()).get(c.req.param('file'))
    if (text === undefined) throw new AppError('not_found', NO_FILE)
    return sendForReader(c, TEXT, withBaseUrl(text, baseUrlOf(c, deps)))
  })
  app.get('/docs/assets/:file', async c => {
    const asset = ASSETS.get(c.req.param('file'))
    if (!asset) throw new AppError('not_found', NO_FILE)
    c.header('cache-control', `public, max-age=${ASSET_SECONDS}`)
    return send(c, await asset())
  })

  return app
}
