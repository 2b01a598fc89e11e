// Renders the pages that the service has at /docs, in both languages: dist/served/docs/NAME.LANGUAGE.html.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Language, Words } from '../src/core/language.ts'
import { EXAMPLE_URL } from '../src/http/docs/base-url.ts'
import { markSettings } from '../src/http/docs/setting-texts.ts'
import { VERSION } from '../src/version.ts'
import { escapeHtml, type Rendered, renderMarkdown } from './markdown.ts'
import { referencePage } from './reference.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCS = join(ROOT, 'docs')
const OUT = join(ROOT, 'dist/served/docs')
const LANGUAGES = ['en', 'zh'] as const

interface Page {
  /** Its file, and its address below `/docs`; that of `start` is `/docs` itself. */
  name: string
  /** In `docs/`, without its ending; null: it is generated. */
  source: string | null
  label: Words
}

/** All that the navigation shows, in this order. */
export const PAGES: readonly Page[] = [
  { name: 'start', source: 'start', label: { en: 'Start', zh: '开始' } },
  { name: 'webhooks', source: 'webhooks', label: { en: 'Webhooks', zh: '接收回调' } },
  { name: 'verify', source: 'verify', label: { en: 'Verify', zh: '验签代码' } },
  { name: 'operate', source: 'operate', label: { en: 'Operate', zh: '接收端运维' } },
  { name: 'test-serials', source: 'test-serials', label: { en: 'Test serials', zh: '测试流水号' } },
  { name: 'examples', source: 'examples/README', label: { en: 'Examples', zh: '示例' } },
  { name: 'frameworks', source: 'frameworks', label: { en: 'Frameworks', zh: '常用框架' } },
  { name: 'problems', source: 'problems', label: { en: 'Errors', zh: '错误码' } },
  { name: 'reference', source: null, label: { en: 'API reference', zh: '接口参考' } },
  { name: 'changelog', source: 'changelog', label: { en: 'Changelog', zh: '更新日志' } },
]
/** In the place of a page that is not there. */
const MISSING: Page = { name: '404', source: null, label: { en: 'No such page', zh: '没有这个页面' } }

const WORDS = {
  en: {
    tag: 'en',
    skip: 'Skip to the text',
    documentation: 'Documentation',
    sections: 'On this page',
    language: 'Language',
    anchor: 'Link to this section',
    files: 'The files',
    missing: 'It may have been renamed. Search, or look here:',
    machines: 'The pages as Markdown. The calls, webhooks and objects as OpenAPI 3.1: ',
    script: {
      ...{ copy: 'Copy', copied: 'Copied', code: 'Language of the code' },
      ...{ search: 'Search', found: 'Search all pages', nothing: 'Nothing found', close: 'Close' },
    },
  },
  zh: {
    tag: 'zh-CN',
    skip: '跳到正文',
    documentation: '文档',
    sections: '本页内容',
    language: '语言',
    anchor: '本节链接',
    files: '文件',
    missing: '该页面可能已更名。请搜索，或查看以下页面：',
    machines: '各页面的 Markdown 版本。接口、回调和对象的 OpenAPI 3.1 文档：',
    script: {
      ...{ copy: '复制', copied: '已复制', code: '示例代码的语言' },
      ...{ search: '搜索', found: '搜索全部文档', nothing: '没有找到相关内容', close: '关闭' },
    },
  },
}

/** From any page: all of them are one folder deep, but for that of `start`. Relative, so that it works below any prefix. */
const rootOf = ({ name }: Page): string => (name === 'start' ? '' : '../')
const addressOf = ({ name }: Page): string => (name === 'start' ? 'docs' : `docs/${name}`)

/** The files of the examples: receivers, and programs that call the API. */
const EXAMPLES = readdirSync(join(DOCS, 'examples')).filter(name => !name.endsWith('.md'))

const REPOSITORY = 'https://repository.invalid/'

/**
 * Where a link of a page leads: to another page, in the same language, to an example, to a place on the same page, or to an address
 * outside. Null where partners cannot follow it, because only the repository has it.
 */
export const servedLink = (href: string, page: Page, language: Language): string | null => {
  const root = rootOf(page)
  const query = `?lang=${language}`
  if (href.startsWith('#')) return href
  if (href.startsWith(`${EXAMPLE_URL}/`)) {
    const { pathname, hash } = new URL(href)
    const isPage = pathname === '/openapi.json' || PAGES.some(one => pathname === `/${addressOf(one)}`)
    return `${root}${pathname.slice(1)}${isPage ? query : ''}${hash}`
  }
  if (href.startsWith('https://')) return href
  const target = URL.parse(href, `${REPOSITORY}${page.source ?? page.name}.md`)
  if (!target?.href.startsWith(REPOSITORY)) return null
  const file = decodeURI(target.pathname).slice(1)
  const source = file.replace(/(\.zh-CN)?\.md$/, '')
  const to = PAGES.find(one => one.source === source)
  if (to) return `${root}${addressOf(to)}${query}${target.hash}`
  return file.startsWith('examples/') && EXAMPLES.includes(basename(file)) ? `${root}docs/${file}` : null
}

/** The languages of the code, as Markdown names them. */
const CODE: Readonly<Record<string, string>> = { mjs: 'js', py: 'python', cs: 'csharp', rb: 'ruby' }
const VERIFY = /^.*--- verify: copy from here ---\n([\s\S]*?)\n.*--- verify: to here ---$/m

/** The part of an example that verifies, which stands alone. */
export const verifyBlock = (file: string): string => {
  const block = VERIFY.exec(readFileSync(join(DOCS, 'examples', file), 'utf8'))?.[1]
  if (block === undefined) throw new Error(`${file} has no block that verifies`)
  return block.trim()
}

const blockOf = (file: string, code: string): string => {
  const ending = file.split('.').at(-1) ?? ''
  return `\`\`\`${CODE[ending] ?? ending}\n${code}\n\`\`\``
}

/** `<!-- verify: receiver.py -->` is where a page shows that part, a link to a file of `frameworks` alone on its line where it shows the file. */
const withCode = (markdown: string): string =>
  markdown
    .replaceAll(/^<!-- verify: ([\w.]+) -->$/gm, (_, file: string) => blockOf(file, verifyBlock(file)))
    .replaceAll(/^\[[\w.]+\]\((frameworks\/[\w.]+)\)$/gm, (_, file: string) =>
      blockOf(file, readFileSync(join(DOCS, file), 'utf8').trim()),
    )

const missingPage = (language: Language): string => {
  const pages = PAGES.map(page => `- [${page.label[language]}](${EXAMPLE_URL}/${addressOf(page)})`)
  return `# ${MISSING.label[language]}\n\n${WORDS[language].missing}\n\n${pages.join('\n')}\n`
}

const markdownOf = ({ name, source }: Page, language: Language): string => {
  if (name === MISSING.name) return missingPage(language)
  if (source === null) return referencePage(language)
  const text = withCode(readFileSync(join(DOCS, `${source}${language === 'zh' ? '.zh-CN' : ''}.md`), 'utf8'))
  if (source !== 'examples/README') return text
  const files = EXAMPLES.map(name => `- [${name}](${name})`)
  return `${text}\n## <a id="files"></a>${WORDS[language].files}\n\n${files.join('\n')}\n`
}

const list = (items: readonly string[]): string => `<ul>${items.join('')}</ul>`

/** What the page loads and where it leads within the service is relative. */
const layout = (page: Page, language: Language, { title, sections, html }: Rendered): string => {
  const words = WORDS[language]
  const root = rootOf(page)
  const pages = PAGES.map(one => {
    const current = one === page ? ' aria-current="page"' : ''
    return `<li><a href="${root}${addressOf(one)}?lang=${language}"${current}>${one.label[language]}</a></li>`
  })
  const languages = (['zh', 'en'] as const).map(one => {
    const { tag } = WORDS[one]
    const current = one === language ? ' aria-current="true"' : ''
    const name = one === 'zh' ? '中文' : 'English'
    return `<li><a href="?lang=${one}" lang="${tag}" hreflang="${tag}"${current}>${name}</a></li>`
  })
  const places = sections.map(
    ({ id, text, depth }) => `<li class="level-${depth}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
  )
  return `<!doctype html>
<html lang="${words.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · idface-notifier</title>
<link rel="icon" href="${root}docs/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${root}docs/assets/page.css">
<script type="module" src="${root}docs/assets/page.js"></script>
</head>
<body data-words="${escapeHtml(JSON.stringify(words.script))}">
<a class="skip" href="#content">${words.skip}</a>
<header>
<nav class="pages" aria-label="${words.documentation}">${list(pages)}</nav>
<nav class="languages" aria-label="${words.language}">${list(languages)}</nav>
</header>
<div class="columns">
<nav class="sections" aria-label="${words.sections}"><details><summary>${words.sections}</summary>${list(places)}</details></nav>
<main id="content">
${html}
</main>
</div>
<footer>idface-notifier ${VERSION}${page === MISSING ? '' : ` · <a href="${root}docs/${page.name}.md?lang=${language}">Markdown</a>`} · <a href="${root}docs/llms.txt?lang=${language}">llms.txt</a></footer>
</body>
</html>
`
}

/** A whole page. The service's address and its settings are put in when it is served. */
export const renderPage = (page: Page, language: Language): string => {
  const rendered = renderMarkdown(markSettings(markdownOf(page, language)), {
    linkTo: href => servedLink(href, page, language),
    anchorLabel: WORDS[language].anchor,
  })
  return layout(page, language, rendered)
}

/** Where a link of the Markdown of a page leads: to the Markdown of another. */
const machineLink = (href: string, page: Page, language: Language): string | null => {
  const to = servedLink(href, page, language)
  if (to === null || to.startsWith('#')) return to
  const url = new URL(to, `${EXAMPLE_URL}/${addressOf(page)}`)
  const target = PAGES.find(one => url.href.startsWith(EXAMPLE_URL) && url.pathname === `/${addressOf(one)}`)
  if (target) url.pathname = `/docs/${target.name}.md`
  return url.href
}

const LINK = /(?<!\\)\[((?:[^[\]\\]|\\.)+)\]\(([^()\s]+)\)/g

/** A page as Markdown for machines. */
const renderMachinePage = (page: Page, language: Language): string =>
  markSettings(markdownOf(page, language))
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/<!--[\s\S]*?-->\n*|<a id="[^"]*"><\/a>/g, '')
            .replaceAll(LINK, (_, text: string, href: string) => {
              const to = machineLink(href, page, language)
              return to === null ? text : `[${text}](${to})`
            }),
    )
    .join('')

/** https://llmstxt.org: what there is, with the headings of each page. */
const renderLlms = (language: Language): string => {
  const pages = PAGES.map(page => {
    const { sections } = renderMarkdown(markdownOf(page, language), { linkTo: () => null, anchorLabel: '' })
    const headings = sections.filter(({ depth }) => depth === 2).map(({ text }) => text)
    const address = `${EXAMPLE_URL}/docs/${page.name}.md?lang=${language}`
    return `- [${page.label[language]}](${address}): ${headings.join(' · ')}`
  })
  return `# idface-notifier\n\n> ${WORDS[language].machines}${EXAMPLE_URL}/openapi.json\n\n${pages.join('\n')}\n`
}

const writeServed = (name: string, text: string): void => {
  const file = join(OUT, name)
  // Whoever reads it meanwhile reads a whole one.
  writeFileSync(`${file}.${process.pid}`, text)
  renameSync(`${file}.${process.pid}`, file)
}

export const writeServedDocs = (): void => {
  mkdirSync(OUT, { recursive: true })
  for (const language of LANGUAGES) {
    for (const page of [...PAGES, MISSING]) writeServed(`${page.name}.${language}.html`, renderPage(page, language))
    for (const page of PAGES) writeServed(`${page.name}.${language}.md`, renderMachinePage(page, language))
    writeServed(`llms.${language}.txt`, renderLlms(language))
  }
}

if (import.meta.main) writeServedDocs()
