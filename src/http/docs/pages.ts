import type { Language, Words } from '../../core/language.ts'

/** A page that is made from a document of the repository. */
export interface Page {
  /** From the root of the service, without a slash at either end. */
  path: string
  /** The document in `docs/`, without its ending: `NAME.md`, and `NAME.zh-CN.md` where it exists. */
  source: string
  /** In the navigation. */
  label: Words
}

export const START = { path: 'docs', source: 'start', label: { en: 'Start', zh: '开始' } } as const satisfies Page
export const EXAMPLES = {
  path: 'docs/examples',
  source: 'examples/README',
  label: { en: 'Examples', zh: '示例' },
} as const satisfies Page

/** All that the navigation shows, in this order. */
export const PAGES: readonly Page[] = [
  START,
  { path: 'docs/webhooks', source: 'webhooks', label: { en: 'Webhooks', zh: '接收回调' } },
  EXAMPLES,
  { path: 'docs/frameworks', source: 'frameworks', label: { en: 'Frameworks', zh: '常用框架' } },
  { path: 'docs/problems', source: 'problems', label: { en: 'Errors', zh: '错误码' } },
  { path: 'docs/reference', source: 'reference', label: { en: 'API reference', zh: '接口参考' } },
]

/** What leads from a page to the root of the service. Relative, so that it works below any prefix. */
export const toRoot = (path: string): string => '../'.repeat(path.split('/').length - 1)

/** A link carries on the language that the page's address has. */
export const queryOf = (chosen: Language | null): string => (chosen === null ? '' : `?lang=${chosen}`)
