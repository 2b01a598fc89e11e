import { createRequire } from 'node:module'
import { Marked, Renderer, type Token, type Tokens } from 'marked'

/** Required, since its types bring those of browsers into the whole project. */
const highlighter = createRequire(import.meta.url)('highlight.js/lib/common') as {
  configure: (options: { classPrefix: string }) => void
  getLanguage: (name: string) => unknown
  highlight: (code: string, options: { language: string }) => { value: string }
}
highlighter.configure({ classPrefix: 'is-' })
/** As HTML. Brackets and commas, half of all marks, have no colour. */
const highlighted = (code: string, language: string): string =>
  highlighter.getLanguage(language)
    ? highlighter.highlight(code, { language }).value.replaceAll(/<span class="is-punctuation">([^<]*)<\/span>/g, '$1')
    : escapeHtml(code)

/** A heading of the second or third level. */
export interface Section {
  id: string
  text: string
  depth: number
}

export interface Rendered {
  /** The first heading, as text. */
  title: string
  sections: Section[]
  html: string
}

interface RenderOptions {
  /** Where a link leads; null: it is shown as text. */
  linkTo: (href: string) => string | null
  /** What the mark beside a heading, which leads to it, is called. */
  anchorLabel: string
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, character => ENTITIES[character] ?? character)

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .trim()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')

/** Gives the second of two equal anchors a number, as GitHub does. */
const createAnchors = () => {
  const seen = new Map<string, number>()
  return (heading: string): string => {
    const anchor = anchorOf(heading)
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  }
}

const GIVEN_ANCHOR = /^<a id="([\w.-]+)">$/

/** A heading may begin with `<a id="…"></a>`, so that it is found alike in each language. */
const givenAnchorOf = ([open, close, ...words]: Token[]): { id: string; words: Token[] } | null => {
  const [, id] = (open?.type === 'html' && GIVEN_ANCHOR.exec(open.raw)) || []
  return id !== undefined && close?.raw === '</a>' ? { id, words } : null
}

/** `<!-- words: sandbox, mock -->` below a heading: words by which the search finds it, and nobody sees. */
const SEARCHED = /^<!-- words: (.+) -->\s*$/
const COMMENT = /^\s*<!--[\s\S]*?-->\s*$/

/** HTML in the Markdown is shown as text, and nothing is loaded from anywhere. */
export const renderMarkdown = (source: string, { linkTo, anchorLabel }: RenderOptions): Rendered => {
  const sections: Rendered['sections'] = []
  const anchor = createAnchors()
  let title = ''

  class PageRenderer extends Renderer {
    override html({ text }: Tokens.HTML | Tokens.Tag): string {
      const [, words] = SEARCHED.exec(text) ?? []
      if (words !== undefined) return `<p hidden>${escapeHtml(words)}</p>\n`
      return COMMENT.test(text) ? '' : escapeHtml(text)
    }
    override image({ text }: Tokens.Image): string {
      return escapeHtml(text)
    }
    override heading({ tokens, depth }: Tokens.Heading): string {
      const given = givenAnchorOf(tokens)
      const words = given?.words ?? tokens
      const text = this.parser.parseInline(words, this.parser.textRenderer)
      const id = given?.id ?? anchor(text)
      if (depth === 1 && title === '') title = text
      if (depth === 2 || depth === 3) sections.push({ id, text, depth })
      const mark = depth === 1 ? '' : ` <a class="anchor" href="#${id}" aria-label="${escapeHtml(anchorLabel)}">#</a>`
      return `<h${depth} id="${id}">${this.parser.parseInline(words)}${mark}</h${depth}>\n`
    }
    override link({ tokens, href }: Tokens.Link): string {
      const text = this.parser.parseInline(tokens)
      const to = linkTo(href)
      if (to === null) return text
      return `<a href="${escapeHtml(to)}"${to.startsWith('https://') ? ' rel="noreferrer"' : ''}>${text}</a>`
    }
    // What scrolls sideways can be reached by keyboard.
    override table(token: Tokens.Table): string {
      return `<div class="scroll" tabindex="0">${super.table(token)}</div>\n`
    }
    // A heading without words says nothing of its column.
    override tablecell(token: Tokens.TableCell): string {
      return token.header && token.text === '' ? '<td></td>\n' : super.tablecell(token)
    }
    override code({ text, lang = '' }: Tokens.Code): string {
      const [kind = '', name = ''] = lang.split(' ')
      return `<pre tabindex="0"><code class="${escapeHtml(kind)}" data-name="${escapeHtml(name)}">${highlighted(text, kind)}\n</code></pre>\n`
    }
  }

  const html = new Marked().parse(source, { renderer: new PageRenderer(), async: false })
  return { title, sections, html }
}
