import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Marked } from 'marked'

const SOURCE = join(import.meta.dirname, '../docs/problems.md')

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => ENTITIES[character] ?? character)

/** HTML in the Markdown is shown as text, and a link leads to an https address or stops the build. */
const markdown = new Marked({
  renderer: {
    html: ({ text }) => escapeHtml(text),
    image: ({ text }) => escapeHtml(text),
    // `type` of a problem points to `#code`, so the text of a heading is its anchor.
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${escapeHtml(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
    },
    link({ tokens, href }) {
      if (!href.startsWith('https://')) throw new Error(`docs/problems.md links to ${href}: use an https address`)
      return `<a href="${escapeHtml(href)}" rel="noreferrer">${this.parser.parseInline(tokens)}</a>`
    },
  },
})

/** The HTML of `docs/problems.md`, which the service serves inside its page `/docs/problems`. */
export const problemsPage = (source = readFileSync(SOURCE, 'utf8')): string =>
  `<!-- Written by npm run docs from docs/problems.md. -->\n${markdown.parse(source, { async: false })}`
