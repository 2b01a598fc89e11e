import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { html, raw } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { HOUR, SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import type { ApiEnv } from './middleware/authenticate.ts'
import { createDocument, type DocumentDeps } from './openapi/document.ts'

/** Written from `docs/problems.md` by `npm run docs`, so that nothing is parsed here. */
const PROBLEMS = new URL('../../docs/problems.html', import.meta.url)
const inPackage = (name: string): URL => new URL(name, import.meta.resolve('swagger-ui-dist/package.json'))

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

/** All files that are served. A name is only looked up in this map, so no name can reach another file. */
const ASSETS = new Map<string, { type: string; read: () => Promise<Uint8Array<ArrayBuffer>> | string }>([
  ['swagger-ui.css', { type: 'text/css', read: once(() => readFile(inPackage('swagger-ui.css'))) }],
  ['swagger-ui-bundle.js', { type: 'text/javascript', read: once(() => readFile(inPackage('swagger-ui-bundle.js'))) }],
  ['favicon-32x32.png', { type: 'image/png', read: once(() => readFile(inPackage('favicon-32x32.png'))) }],
  ['start.js', { type: 'text/javascript', read: () => START_SCRIPT }],
  ['page.css', { type: 'text/css', read: () => STYLE }],
])
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

/** `/openapi.json`, and the pages under `/docs`. Each is built when it is first requested. */
export const createDocs = (deps: DocumentDeps) => {
  const app = new Hono<ApiEnv>()
  const document = once(() => JSON.stringify(createDocument(deps)))
  const reference = once(referencePage)
  const problems = once(problemsPage)

  app.use('/openapi.json', headers, etag())
  app.use('/docs/*', headers, etag())

  app.get('/openapi.json', c => c.body(document(), 200, { 'content-type': 'application/json' }))
  app.get('/docs', async c => c.html(await reference()))
  app.get('/docs/problems', async c => c.html(await problems()))
  app.get('/docs/assets/:file', async c => {
    const asset = ASSETS.get(c.req.param('file'))
    if (!asset) throw new AppError('not_found', 'There is no file with this name.')
    c.header('content-type', asset.type.startsWith('text/') ? `${asset.type}; charset=utf-8` : asset.type)
    c.header('cache-control', `public, max-age=${ASSET_SECONDS}`)
    return c.body(await asset.read())
  })

  return app
}
