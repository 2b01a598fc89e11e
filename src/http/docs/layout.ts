import { html, raw } from 'hono/html'
import type { Language } from '../../core/language.ts'
import { NAVIGATION, queryOf, toRoot } from './pages.ts'

type Html = ReturnType<typeof html> | ReturnType<typeof raw>

const WORDS = {
  en: {
    tag: 'en',
    skip: 'Skip to the text',
    documentation: 'Documentation',
    sections: 'On this page',
    language: 'Language',
    copy: 'Copy',
    copied: 'Copied',
    untranslated: '',
  },
  zh: {
    tag: 'zh-CN',
    skip: '跳到正文',
    documentation: '文档',
    sections: '本页内容',
    language: '语言',
    copy: '复制',
    copied: '已复制',
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
  sections?: readonly { id: string; text: string }[]
  content: Html
  /** Of the reader. */
  language: Language
  /** Of the content. */
  contentLanguage: Language
  /** The language that links carry on. */
  chosen: Language | null
  version: string
  /** Whether the content is text, and no tool with a style of its own. */
  isText: boolean
  /** Beside those of every page, in `docs/assets`. */
  styles?: readonly string[]
  scripts?: readonly string[]
}

const navigation = ({ path, language, chosen }: View) =>
  NAVIGATION.map(page => {
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
        ({ id, text }) => html`<li><a href="#${id}">${text}</a></li>`,
      )}</ul></details></nav>`

/** A whole page. What it loads and where it leads within the service is relative, so that it works below any prefix. */
export const layout = async (view: View): Promise<string> => {
  const { path, title, content, isText, language, contentLanguage, version, styles = [], scripts = [] } = view
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
${['page.css', ...styles].map(file => html`<link rel="stylesheet" href="${assets}/${file}">\n`)}
${[...scripts, 'page.js'].map(file => html`<script src="${assets}/${file}" defer></script>\n`)}
</head>
<body data-copy="${words.copy}" data-copied="${words.copied}">
<a class="skip" href="#content">${words.skip}</a>
<header>
<nav class="pages" aria-label="${words.documentation}"><ul>${navigation(view)}</ul></nav>
<nav class="languages" aria-label="${words.language}"><ul>${languages(view)}</ul></nav>
</header>
<div class="columns">
${sectionList(view, words.sections)}
<main id="content"${isText ? raw(' class="text"') : ''} lang="${WORDS[contentLanguage].tag}">
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
