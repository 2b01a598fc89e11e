import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { renderMarkdown } from '../src/http/docs/markdown.ts'
import { PAGES } from '../src/http/docs/pages.ts'
import { createDocs } from '../src/http/docs/routes.ts'
import { VERSION } from '../src/version.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'deploy/**/*.md']
/** What a browser loads or leads to. */
const ATTRIBUTE = /\s(?:href|src)="([^"]*)"/g
const LOADED = /<(?:link|script|img|iframe|source|object|embed|video|audio)\b[^>]*\s(?:href|src|data)="([^"]*)"/g
const ANCHOR = /\sid="([^"]*)"/g

const unescapeHtml = (text: string): string => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => unescapeHtml(found))

/** The links and anchors of a document of the repository. */
const readDocument = async (markdown: string) => {
  const links: string[] = []
  const { html } = await renderMarkdown(markdown, {
    anchorLabel: '',
    linkTo: href => {
      links.push(href)
      return null
    },
  })
  return { links, anchors: all(html, ANCHOR) }
}

/** What is wrong with the links of the documents in a folder, a line each. Addresses outside are not called. */
export const brokenLinks = async (root = ROOT): Promise<string[]> => {
  const files = DOCUMENTS.flatMap(pattern => globSync(pattern, { cwd: root }))
  const documents = new Map(
    await Promise.all(
      files.map(async file => [file, await readDocument(readFileSync(join(root, file), 'utf8'))] as const),
    ),
  )
  const judge = (file: string, href: string): string | null => {
    if (/^https?:\/\//.test(href)) return null
    const target = URL.parse(href, pathToFileURL(join(root, file)).href)
    if (target?.protocol !== 'file:') return 'is no link to a file or an https address'
    const path = decodeURI(target.pathname)
    if (!existsSync(path)) return 'leads to no file'
    if (target.hash === '' || statSync(path).isDirectory()) return null
    const anchors = documents.get(relative(root, path))?.anchors
    return anchors?.includes(decodeURIComponent(target.hash.slice(1))) === false ? 'leads to no heading' : null
  }
  return [...documents].flatMap(([file, { links }]) =>
    links.flatMap(href => {
      const fault = judge(file, href)
      return fault === null ? [] : [`${file}: ${href} ${fault}`]
    }),
  )
}

const SERVICE = 'http://service.invalid'

const openDocs = () =>
  createDocs({
    version: VERSION,
    rates: { take: () => {} },
    trustedProxies: { contains: () => false },
    shownSettings: {
      ...{ retryScheduleMs: [1], callbackTimeoutMs: 1, retentionMs: 1, registrationTtlMs: 1, notFoundGraceMs: 1 },
      ...{ pollMaxMs: 1, apiRate: 1, registrationRate: 1, allowHttp: false, callbackSources: [], sandbox: false },
    },
  })

/** What is wrong with the links of the served pages, in both languages, a line each; and what they load from elsewhere. */
export const brokenPageLinks = async (app: Pick<ReturnType<typeof openDocs>, 'request'> = openDocs()) => {
  const known = new Map<string, Promise<{ status: number; text: string }>>()
  const load = async (path: string) => {
    const response = await app.request(`${SERVICE}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const get = (path: string) => {
    const loading = known.get(path) ?? load(path)
    known.set(path, loading)
    return loading
  }
  const judge = async (page: string, href: string): Promise<string | null> => {
    const { origin, pathname, search, hash } = new URL(href, `${SERVICE}${page}`)
    if (origin !== SERVICE) return null
    const { status, text } = await get(`${pathname}${search}`)
    if (status !== 200) return `answers ${status}`
    return hash === '' || all(text, ANCHOR).includes(decodeURIComponent(hash.slice(1))) ? null : 'leads to no heading'
  }
  const faults: string[] = []
  for (const { path } of PAGES)
    for (const query of ['?lang=en', '?lang=zh']) {
      const page = `/${path}${query}`
      const { status, text } = await get(page)
      if (status !== 200) faults.push(`${page}: answers ${status}`)
      for (const href of new Set(all(text, ATTRIBUTE))) {
        const fault = await judge(page, href)
        if (fault !== null) faults.push(`${page}: ${href} ${fault}`)
      }
      for (const href of all(text, LOADED))
        if (new URL(href, SERVICE).origin !== SERVICE) faults.push(`${page}: loads ${href}, which is elsewhere`)
    }
  return faults
}

if (import.meta.main) {
  const faults = [...(await brokenLinks()), ...(await brokenPageLinks())]
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
