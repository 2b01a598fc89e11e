import { html, raw } from 'hono/html'
import type { Language } from '../../core/language.ts'
import type { Section } from './markdown.ts'
import { PAGES, queryOf, toRoot } from './pages.ts'

type Html = ReturnType<typeof html> | ReturnType<typeof raw>

const WORDS = {
  en: {
    tag: 'en',
    skip: 'Skip to the text',
    documentation: 'Documentation',
    sections: 'On this page',
    language: 'Language',
    script: {
      ...{ copy: 'Copy', copied: 'Copied', code: 'Language of the code' },
      ...{ search: 'Search', found: 'Search all pages', nothing: 'Nothing found', close: 'Close' },
    },
    untranslated: '',
  },
  zh: {
    tag: 'zh-CN',
    skip: '跳到正文',
    documentation: '文档',
    sections: '本页内容',
    language: '语言',
    script: {
      ...{ copy: '复制', copied: '已复制', code: '示例代码的语言' },
      ...{ search: '搜索', found: '搜索全部文档', nothing: '没有找到相关内容', close: '关闭' },
    },
    untranslated: '本页暂无中文版，以下为英文。',
  },
}
const LANGUAGES = [
  ['zh', 'zh-CN', '中文'],
  ['en', 'en', 'English'],
] as const

export interface View {
  path: string
  title: string
  sections?: readonly Section[]
  content: Html
  /** Of the reader. */
  language: Language
  /** Of the content. */
  contentLanguage: Language
  /** The language that links carry on. */
  chosen: Language | null
  version: string
}

const navigation = ({ path, language, chosen }: View) =>
  PAGES.map(page => {
    const current = page.path === path ? raw(' aria-current="page"') : ''
    return html`<li><a href="${toRoot(path)}${page.path}${queryOf(chosen)}"${current}>${page.label[language]}</a></li>`
  })

const languages = ({ language }: View) =>
  LANGUAGES.map(([one, tag, name]) => {
    const current = one === language ? raw(' aria-current="true"') : ''
    return html`<li><a href="?lang=${one}" lang="${tag}" hreflang="${tag}"${current}>${name}</a></li>`
  })

const sectionList = ({ sections = [], contentLanguage }: View, label: string) =>
  sections.length < 2
    ? ''
    : html`<nav class="sections" aria-label="${label}"><details><summary>${label}</summary><ul lang="${WORDS[contentLanguage].tag}">${sections.map(
        ({ id, text, depth }) => html`<li class="level-${depth}"><a href="#${id}">${text}</a></li>`,
      )}</ul></details></nav>`

/** A whole page. What it loads and where it leads within the service is relative, so that it works below any prefix. */
export const layout = async (view: View): Promise<string> => {
  const { path, title, content, language, contentLanguage, version } = view
  const words = WORDS[language]
  const assets = `${toRoot(path)}docs/assets`
  const notice =
    language === contentLanguage ? '' : html`<p class="notice" lang="${words.tag}">${words.untranslated}</p>`
  return String(
    await html`<!doctype html>
<html lang="${words.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · idface-notifier</title>
<link rel="icon" href="${assets}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${assets}/page.css">
<script type="module" src="${assets}/page.js"></script>
</head>
<body data-words="${JSON.stringify(words.script)}">
<a class="skip" href="#content">${words.skip}</a>
<header>
<nav class="pages" aria-label="${words.documentation}"><ul>${navigation(view)}</ul></nav>
<nav class="languages" aria-label="${words.language}"><ul>${languages(view)}</ul></nav>
</header>
<div class="columns">
${sectionList(view, words.sections)}
<main id="content" lang="${WORDS[contentLanguage].tag}">
${notice}
${content}
</main>
</div>
<footer>idface-notifier ${version}</footer>
</body>
</html>
`,
  )
}
