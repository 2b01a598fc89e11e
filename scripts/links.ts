import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { renderMarkdown } from './markdown.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'test/**/*.md', 'bench/*.md']
const ANCHOR = /\sid="([^"]*)"/g
/** Of a row of a table: the renderer shows it as text, a forge takes it. */
const ANCHOR_OF_ROW = /^\| <a id="([^"]*)">/gm

const unescapeHtml = (text: string): string => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => unescapeHtml(found))

/** The links and anchors of a document of the repository. */
const readDocument = (markdown: string) => {
  const links: string[] = []
  const { html } = renderMarkdown(markdown, {
    anchorLabel: '',
    linkTo: href => {
      links.push(href)
      return null
    },
  })
  return { links, anchors: [...all(html, ANCHOR), ...all(markdown, ANCHOR_OF_ROW)] }
}

/** What is wrong with the links of the documents in a folder, a line each. Addresses outside are not called. */
export const brokenLinks = (root = ROOT): string[] => {
  const files = DOCUMENTS.flatMap(pattern => globSync(pattern, { cwd: root }))
  const documents = new Map(files.map(file => [file, readDocument(readFileSync(join(root, file), 'utf8'))]))
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

if (import.meta.main) {
  const faults = brokenLinks()
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
