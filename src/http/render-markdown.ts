const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, character => ENTITIES[character] ?? character)

/** Code is set aside first: nothing inside it means anything. */
const inline = (text: string): string =>
  text
    .split(/(`[^`]+`)/)
    .map(part =>
      part.startsWith('`') && part.length > 2
        ? `<code>${escapeHtml(part.slice(1, -1))}</code>`
        : escapeHtml(part)
            .replace(/\[([^\]]+)\]\((https:[^)\s]+)\)/g, '<a href="$2" rel="noreferrer">$1</a>')
            .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>'),
    )
    .join('')

const table = (lines: readonly string[]): string => {
  const [head = [], , ...body] = lines.map(line => line.split('|').slice(1, -1))
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map(cell => `<${tag}>${inline(cell.trim())}</${tag}>`).join('')}</tr>`
  return `<table>${row(head, 'th')}${body.map(cells => row(cells, 'td')).join('')}</table>`
}

const block = (text: string): string => {
  const lines = text.split('\n')
  const [, marks = '', heading = ''] = /^(#{1,3}) (.+)$/.exec(text) ?? []
  if (heading !== '') return `<h${marks.length} id="${escapeHtml(heading)}">${inline(heading)}</h${marks.length}>`
  if (text.startsWith('```')) return `<pre><code>${escapeHtml(lines.slice(1, -1).join('\n'))}</code></pre>`
  return text.startsWith('|') ? table(lines) : `<p>${inline(lines.join(' '))}</p>`
}

/**
 * As much of Markdown as our own pages for readers of the API use: headings, whose text is their anchor, paragraphs, tables,
 * fenced code without blank lines, and in a line code, links and strong words.
 */
export const renderMarkdown = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(block)
    .join('\n')
