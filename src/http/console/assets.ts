import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname } from 'node:path/posix'
import { pathToFileURL } from 'node:url'
import type { Hono } from 'hono'
import { HOUR, SECOND } from '../../core/duration.ts'
import type { ApiEnv } from '../api-env.ts'

const require = createRequire(import.meta.url)
const ofPackage = (path: string): URL => pathToFileURL(require.resolve(path))
const ours = (name: string): URL => new URL(`../../../docs/site/${name}`, import.meta.url)

/** Files that pages load. No others are served. */
const ASSETS = new Map<string, () => URL>(
  Object.entries({
    'htmx.min.js': () => ofPackage('htmx.org/dist/htmx.min.js'),
    'uPlot.iife.min.js': () => ofPackage('uplot/dist/uPlot.iife.min.js'),
    'uPlot.min.css': () => ofPackage('uplot/dist/uPlot.min.css'),
    'console.css': () => ours('console.css'),
    'console.js': () => ours('console.js'),
    'icon.svg': () => ours('icon.svg'),
  }),
)
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}
const MAX_AGE = `public, max-age=${HOUR / SECOND}`

export const addAssets = (app: Hono<ApiEnv>): void => {
  const read = new Map<string, Buffer<ArrayBuffer>>()
  app.get('/console/assets/:name', async c => {
    const name = c.req.param('name')
    const locate = ASSETS.get(name)
    if (!locate) return c.notFound()
    const bytes = read.get(name) ?? (await readFile(locate()))
    read.set(name, bytes)
    return c.body(bytes, 200, { 'content-type': TYPES[extname(name)] ?? 'text/plain', 'cache-control': MAX_AGE })
  })
}
