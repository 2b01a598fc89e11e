import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path/posix'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { etag } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'
import { DAY, HOUR, SECOND } from '../../core/duration.ts'
import { AppError, codeOf } from '../../core/error.ts'
import type { Language, Words } from '../../core/language.ts'
import type { ApiEnv } from '../api-env.ts'
import { clientNetwork, type TrustedProxies } from '../caller.ts'
import { answerLanguage, keepLanguage, languageFor } from '../language.ts'
import { createPartnerDocument } from '../openapi/document.ts'
import type { Rates } from '../rates.ts'
import { baseUrlOf, withBaseUrl } from './base-url.ts'
import { type ShownSettings, withSettings } from './setting-texts.ts'

/** `npm ci` and `npm pack` make these files, `npm ci --ignore-scripts` does not. */
const BUILT = new URL('../../../dist/served/', import.meta.url)
const DOCS = new URL('../../../docs/', import.meta.url)

const NAME = /^\w[\w.-]*$/
/** Name of a page, or of its Markdown or text. */
const PAGE = /^([a-z-]+)(\.md|\.txt)?$/

const NO_FILE: Words = {
  en: 'There is no page or file with this name. The operator can build those of this version with npm run build:served.',
  zh: '没有该名称的页面或文件。运维人员可运行 npm run build:served 生成当前版本的页面和文件。',
}
const otherVersion = (asked: string, version: string): Words => ({
  en: `This service is of version ${version}: install client-${version}.tgz, or ask the operator to keep client-${asked}.tgz in dist/served.`,
  zh: `本服务的版本为 ${version}：请安装 client-${version}.tgz，或请运维人员在 dist/served 中保留 client-${asked}.tgz。`,
})

/**
 * Returns a file's bytes, or throws `AppError('not_found')`. Client packages of earlier versions may be kept beside
 * this version's, for lock files that name them.
 */
const readServed = async (name: string, folder: URL, missing = NO_FILE): Promise<Buffer<ArrayBuffer>> => {
  try {
    if (NAME.test(name)) return await readFile(new URL(name, folder))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  throw new AppError('not_found', missing)
}

/** Content types by extension; all other files are plain text. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=UTF-8',
  '.md': 'text/markdown; charset=UTF-8',
}
const typeOf = (ending: string) => ({ 'content-type': TYPES[ending] ?? 'text/plain; charset=UTF-8' })
const ASSET_SECONDS = HOUR / SECOND
const IMMUTABLE = `public, max-age=${(365 * DAY) / SECOND}, immutable`

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
  // Only the proxy that terminates TLS knows whether TLS is used.
  strictTransportSecurity: false,
})

export interface DocsDeps {
  trustedProxies: TrustedProxies
  version: string
  rates: Pick<Rates, 'take'>
  config: ShownSettings
}

/** Bytes with their ETag. Slow readers share them: `etag()` copies responses without a tag. */
const withTag = (document: object) => {
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  return { bytes, tag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 40)}"` }
}

/** Serves `/openapi.json`, and below `/docs` pages of `scripts/served-docs.ts`, examples and the client package. */
export const createDocs = (deps: DocsDeps) => {
  const app = new Hono<ApiEnv>()
  const openApi: Partial<Record<Language, { bytes: Uint8Array<ArrayBuffer>; tag: string }>> = {}
  const limit: MiddlewareHandler = function limitReading(c, next) {
    deps.rates.take('documents', clientNetwork(c, deps.trustedProxies))
    return next()
  }

  /** The text contains the address that its reader uses, so shared caches must not keep it. */
  const forReader = (c: Context, text: string): string => {
    c.header('cache-control', 'private, no-cache')
    return withBaseUrl(text, baseUrlOf(c, deps.trustedProxies))
  }
  const readPage = async (c: Context, name: string, form: string): Promise<string> => {
    keepLanguage(c, `${new URL(baseUrlOf(c, deps.trustedProxies)).pathname.replace(/\/$/, '')}/docs`)
    const language = answerLanguage(c, languageFor(c))
    const page = (await readServed(`${name}.${language}${form}`, new URL('docs/', BUILT))).toString()
    return forReader(c, withSettings(page, deps.config, language))
  }
  const sendMissing = async (c: Context) => {
    // The page's links lead up from the folder /docs. At most 8 steps, so that a long path makes no long page.
    const up = '../'.repeat(Math.min(8, c.req.path.split('/').length - 2))
    return c.html((await readPage(c, '404', '.html')).replaceAll('="../', `="${up}`), 404)
  }
  const sendPage = async (c: Context, page: string) => {
    const [, name = '', form = '.html'] = PAGE.exec(page) ?? []
    try {
      return c.body(await readPage(c, name, form), 200, typeOf(form))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return sendMissing(c)
    }
  }

  app.use('/openapi.json', limit, headers, etag())
  app.use('/docs/*', limit, headers, etag())

  app.get('/openapi.json', c => {
    const language = answerLanguage(c, languageFor(c))
    openApi[language] ??= withTag(createPartnerDocument(deps.version, language))
    const { bytes, tag } = openApi[language]
    return c.body(bytes, 200, { 'content-type': 'application/json', etag: tag })
  })
  app.get('/', c => c.redirect('docs'))
  app.get('/docs', c => sendPage(c, 'start'))
  // From there the links of the start page would lead elsewhere.
  app.on('GET', ['/docs/', '/docs/start'], c => c.redirect('../docs', 301))
  app.get('/docs/:page', async c => {
    const page = c.req.param('page')
    const [isTarball, asked] = /^client(?:-(\d+\.\d+\.\d+))?\.tgz$/.exec(page) ?? []
    if (!isTarball) return sendPage(c, page)
    const version = asked ?? deps.version
    const missing = version === deps.version ? NO_FILE : otherVersion(version, deps.version)
    const tarball = await readServed(`client-${version}.tgz`, BUILT, missing)
    c.header('cache-control', asked === undefined ? 'no-cache' : IMMUTABLE)
    return c.body(tarball, 200, { 'content-type': 'application/gzip' })
  })
  app.get('/docs/examples/:file', async c => {
    const file = c.req.param('file')
    if (file.endsWith('.md')) return c.notFound()
    return c.text(forReader(c, (await readServed(file, new URL('examples/', DOCS))).toString()))
  })
  app.get('/docs/assets/:file', async c => {
    const asset = await readServed(c.req.param('file'), new URL('site/', DOCS))
    c.header('cache-control', `public, max-age=${ASSET_SECONDS}`)
    return c.body(asset, 200, typeOf(extname(c.req.path)))
  })
  app.get('/docs/*', sendMissing)
  return app
}
