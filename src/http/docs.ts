import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { html, raw } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { HOUR, SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { swaggerUi } from './built-files.ts'
import type { ApiEnv } from './middleware/authenticate.ts'
import { clientAddress, networkOf, type TrustedProxies } from './middleware/client-address.ts'
import { createRateLimit } from './middleware/rate-limit.ts'
import { createDocument, type DocumentDeps } from './openapi/document.ts'

/** Written from `docs/problems.md` by `npm run docs`, so that nothing is parsed here. */
const PROBLEMS = new URL('../../docs/problems.html', import.meta.url)

/** The URL is relative, so that it works behind a proxy that adds a prefix. */
const START_SCRIPT = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
})
`
const STYLE = `body { margin: 0 }
main.text { max-width: 46rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif }
main.text pre { overflow-x: auto; padding: .75rem; background: #f4f4f4 }
main.text table { border-collapse: collapse }
main.text th, main.text td { padding: .25rem .75rem; border: 1px solid #ccc; text-align: left }
main.text :target { background: #fff3c4 }
`

/** Calls `make` once, when its value is first needed. */
const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

interface Asset {
  type: string
  /** Sent as they are, to any number of callers at once, without a copy. */
  bytes: Uint8Array<ArrayBuffer>
  etag: string
}
type Content = Uint8Array<ArrayBuffer> | string

/** Made when it is first needed, and its ETag with it. */
const assetOf = (type: string, make: () => Content | Promise<Content>): (() => Promise<Asset>) =>
  once(async () => {
    const bytes = new Uint8Array(Buffer.from(await make()))
    return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` }
  })

const HTML = 'text/html; charset=UTF-8'
const CSS = 'text/css; charset=utf-8'
const JAVASCRIPT = 'text/javascript; charset=utf-8'
/** All files that are served. A name is only looked up in this map, so no name can reach another file. */
const ASSETS = new Map([
  ['swagger-ui.css', assetOf(CSS, () => readFile(swaggerUi('swagger-ui.css')))],
  ['swagger-ui-bundle.js', assetOf(JAVASCRIPT, () => readFile(swaggerUi('swagger-ui-bundle.js')))],
  ['favicon-32x32.png', assetOf('image/png', () => readFile(swaggerUi('favicon-32x32.png')))],
  ['start.js', assetOf(JAVASCRIPT, () => START_SCRIPT)],
  ['page.css', assetOf(CSS, () => STYLE)],
])
const ASSET_SECONDS = HOUR / SECOND

/** Whether the caller has this version already. */
const isKnown = (sent: string | undefined, etag: string): boolean =>
  sent?.split(',').some(one => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag) ?? false

/** 304 where the caller has it; otherwise the whole. */
const send = (c: Context, { type, bytes, etag }: Asset): Response =>
  isKnown(c.req.header('if-none-match'), etag)
    ? c.body(null, 304, { etag })
    : c.body(bytes, 200, { etag, 'content-type': type })

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

const page = (title: string, { assets, content }: { assets: string; content: ReturnType<typeof html> }) =>
  html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${assets}/favicon-32x32.png">
<link rel="stylesheet" href="${assets}/page.css">
${content}
</html>
`

const referencePage = () =>
  page('idface-notifier API', {
    assets: 'docs/assets',
    content: html`<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<div id="reference"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>`,
  })

const problemsPage = async () =>
  page('idface-notifier problems', {
    assets: 'assets',
    content: html`<main class="text">${raw(await readFile(PROBLEMS, 'utf8'))}</main>`,
  })

/** Requests of one network, which need no key. A page takes eight. */
const READING = { rate: 10, burst: 100 }

export interface DocsDeps extends DocumentDeps {
  trustedProxies: TrustedProxies
}

/** `/openapi.json`, and the pages under `/docs`. Each is built when it is first requested. */
export const createDocs = (deps: DocsDeps) => {
  const app = new Hono<ApiEnv>()
  const document = assetOf('application/json', () => JSON.stringify(createDocument(deps)))
  const reference = assetOf(HTML, async () => String(await referencePage()))
  const problems = assetOf(HTML, async () => String(await problemsPage()))
  const take = createRateLimit({
    now: deps.now,
    detail: 'Too many calls for the documentation have come from your address.',
  })
  const limit: MiddlewareHandler = function limitReading(c, next) {
    take(networkOf(clientAddress(c, deps.trustedProxies)), READING)
    return next()
  }

  app.use('/openapi.json', limit, headers)
  app.use('/docs/*', limit, headers)

  app.get('/openapi.json', async c => send(c, await document()))
  app.get('/docs', async c => send(c, await reference()))
  app.get('/docs/problems', async c => send(c, await problems()))
  app.get('/docs/assets/:file', async c => {
    const asset = ASSETS.get(c.req.param('file'))
    if (!asset) throw new AppError('not_found', 'There is no file with this name.')
    c.header('cache-control', `public, max-age=${ASSET_SECONDS}`)
    return send(c, await asset())
  })

  return app
}
