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

export const PAGES: readonly Page[] = [
  START,
  { path: 'docs/webhooks', source: 'webhooks', label: { en: 'Webhooks', zh: '接收回调' } },
  EXAMPLES,
  { path: 'docs/frameworks', source: 'frameworks', label: { en: 'Frameworks', zh: '常用框架' } },
  { path: 'docs/problems', source: 'problems', label: { en: 'Problems', zh: '错误码' } },
]

/** Made from the OpenAPI document, not from Markdown. */
export const REFERENCE = { path: 'docs/reference', label: { en: 'API reference', zh: '接口参考' } } as const

/** All that the navigation shows. */
export const NAVIGATION = [...PAGES, REFERENCE]

/** What leads from a page to the root of the service. Relative, so that it works below any prefix. */
export const toRoot = (path: string): string => '../'.repeat(path.split('/').length - 1)

/** A link remembers the language that a reader has chosen. */
export const queryOf = (chosen: Language | null): string => (chosen === null ? '' : `?lang=${chosen}`)
