import { EXAMPLE_URL } from './base-url.ts'
import { EXAMPLES, PAGES } from './pages.ts'

export interface LinkScope {
  /** The document in which the link stands, from `docs/`: `webhooks.zh-CN.md`. */
  document: string
  /** Leads from the page to the root of the service. */
  toRoot: string
  /** Carries the chosen language on to other pages. */
  query: string
}

const PAGE_OF = new Map(PAGES.map(({ source, path }) => [source, path]))
/** What is served in both languages. */
const SERVED = new Set([...PAGES.map(({ path }) => path), 'openapi.json'])
const REPOSITORY = 'https://repository.invalid/'

/**
 * Where a link of a document leads from its page: to another page, a file of the examples, a place on the same page, or an
 * address outside. Null where partners cannot follow it, because only the repository has it.
 */
export const servedLink = (href: string, { document, toRoot, query }: LinkScope): string | null => {
  if (href.startsWith('#')) return href
  if (href === EXAMPLE_URL || href.startsWith(`${EXAMPLE_URL}/`)) {
    const { pathname, hash } = new URL(href)
    const path = pathname.slice(1)
    return `${toRoot}${path}${SERVED.has(path) ? query : ''}${hash}`
  }
  if (href.startsWith('https://')) return href
  const target = URL.parse(href, `${REPOSITORY}docs/${document}`)
  if (!target?.href.startsWith(REPOSITORY)) return null
  const file = decodeURI(target.pathname).slice(1)
  const page = PAGE_OF.get(file.replace(/^docs\//, '').replace(/(\.zh-CN)?\.md$/, ''))
  if (page !== undefined) return `${toRoot}${page}${query}${target.hash}`
  return file.startsWith(`${EXAMPLES.path}/`) && !file.endsWith('.md')
    ? `${toRoot}${file}${target.search || query}`
    : null
}
