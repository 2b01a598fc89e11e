import { readdir, readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path/posix'
import { codeOf } from '../../core/error.ts'
import type { Language } from '../../core/language.ts'
import { EXAMPLE_URL } from './base-url.ts'
import { servedLink } from './links.ts'
import { type Rendered, renderMarkdown } from './markdown.ts'
import { EXAMPLES, type Page, queryOf, toRoot } from './pages.ts'
import { type ShownSettings, withSettings } from './setting-texts.ts'

export const DOCS = new URL('../../../docs/', import.meta.url)
const ANCHOR_LABEL = { en: 'Link to this section', zh: '本节链接' }

/** An example's file is a page too. */
type Place = Pick<Page, 'path' | 'source'>

export interface Document extends Rendered {
  /** English where there is no Chinese document. */
  language: Language
}

const readSource = async (source: string, language: Language) => {
  const english = `${source}.md`
  const chinese = `${source}.zh-CN.md`
  if (language === 'zh')
    try {
      return { language, name: chinese, text: await readFile(new URL(chinese, DOCS), 'utf8') }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  return { language: 'en' as const, name: english, text: await readFile(new URL(english, DOCS), 'utf8') }
}

const EXAMPLE = {
  en: { all: 'All examples', raw: 'As plain text' },
  zh: { all: '全部示例', raw: '纯文本' },
}

/** The file of an example as a document. */
const readExample = async (source: string, language: Language) => {
  const file = basename(source)
  const { all, raw } = EXAMPLE[language]
  const code = await readFile(new URL(source, DOCS), 'utf8')
  const text = `# ${file}

[${all}](README.md) · [${raw}](${file}?raw)

\`\`\`sh
curl -fO ${EXAMPLE_URL}/docs/${source}
\`\`\`

\`\`\`\`${extname(file).slice(1)}
${code.trimEnd()}
\`\`\`\``
  return { language, name: source, text }
}

/**
 * The document of a page in the reader's language, with the settings of this service. It is read and rendered once; there are
 * at most four of a page.
 *
 * @param chosen the language that its links carry on
 */
export const createDocuments = (settings: ShownSettings) => {
  const rendered = new Map<string, Promise<Document>>()

  const render = async (page: Place, language: Language, chosen: Language | null): Promise<Document> => {
    const read = page.path.startsWith(`${EXAMPLES.path}/`) ? readExample : readSource
    const source = await read(page.source, language)
    const scope = { document: source.name, toRoot: toRoot(page.path), query: queryOf(chosen) }
    const content = await renderMarkdown(withSettings(source.text, settings, source.language), {
      linkTo: href => servedLink(href, scope),
      anchorLabel: ANCHOR_LABEL[source.language],
    })
    return { ...content, language: source.language }
  }

  return (page: Place, language: Language, chosen: Language | null): Promise<Document> => {
    const key = `${page.path} ${language} ${chosen}`
    const known = rendered.get(key)
    if (known !== undefined) return known
    const made = render(page, language, chosen)
    rendered.set(key, made)
    // What could not be read is tried again.
    made.catch(() => rendered.delete(key))
    return made
  }
}

/** The texts of the receivers and other examples by the names of their files. */
export const readExamples = async (): Promise<ReadonlyMap<string, string>> => {
  const folder = new URL('examples/', DOCS)
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter(entry => entry.isFile() && !entry.name.endsWith('.md')).map(({ name }) => name)
  return new Map(
    await Promise.all(
      names
        .toSorted()
        .map(async (name): Promise<[string, string]> => [name, await readFile(new URL(name, folder), 'utf8')]),
    ),
  )
}
