import { describe, expect, test } from 'vitest'
import { renderMarkdown } from '../../scripts/markdown.ts'
import { PAGES, servedLink } from '../../scripts/served-docs.ts'

const render = (markdown: string) => renderMarkdown(markdown, { linkTo: href => href, anchorLabel: 'link' })

describe('a rendered document', () => {
  test('shows HTML as text', () => {
    const { html } = render('a <script>alert(1)</script> b\n\n<img src=x onerror="alert(1)">\n\n`<b>`')
    expect(html).not.toMatch(/<(?!\/?(p|code)>)/)
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;')
  })

  test('has nothing of comments', () => {
    expect(render('<!-- verify: receiver.py -->\n```js\nx\n```\n\na <!-- b --> c').html).not.toContain('--')
  })

  test('has anchors like those of GitHub, also for Chinese and for equal headings', () => {
    const { html, sections, title } = render(
      '# A & B\n\n## What to answer?\n\n## invalid_json\n\n## 应答 (2xx)\n\n## invalid_json',
    )
    expect(sections.map(({ id }) => id)).toEqual(['what-to-answer', 'invalid_json', '应答-2xx', 'invalid_json-1'])
    for (const { id } of sections) expect(html).toContain(`<h2 id="${id}">`)
    expect([title, sections[0]?.text]).toEqual(['A & B', 'What to answer?'])
  })

  test('has the anchor that a heading gives itself, so that a link works in each language', () => {
    const { html, sections } = render(
      '# a\n\n## <a id="what-to-answer"></a>怎样`响应`\n\n## <a id="x" onclick="y"></a>b',
    )
    expect(sections[0]).toEqual({ id: 'what-to-answer', text: '怎样响应', depth: 2 })
    expect(html).toContain('<h2 id="what-to-answer">怎样<code>响应</code> ')
    expect(html).toContain('&lt;a id=&quot;x&quot; onclick=&quot;y&quot;&gt;')
  })
})

describe('a link', () => {
  const from = (name: string) => (href: string) => {
    const page = PAGES.find(one => one.name === name)
    return page ? servedLink(href, page, 'zh') : undefined
  }

  test.each([
    ['problems.md#conflict', '../docs/problems?lang=zh#conflict'],
    ['problems.zh-CN.md', '../docs/problems?lang=zh'],
    ['start.md', '../docs?lang=zh'],
    ['examples/README.zh-CN.md', '../docs/examples?lang=zh'],
    ['examples/receiver.py', '../docs/examples/receiver.py'],
    ['#what-to-answer', '#what-to-answer'],
    ['https://www.rfc-editor.org/rfc/rfc9457', 'https://www.rfc-editor.org/rfc/rfc9457'],
    ['https://notifier.example/docs/reference#register', '../docs/reference?lang=zh#register'],
    ['https://notifier.example/openapi.json', '../openapi.json?lang=zh'],
    ['https://notifier.example.com/x', 'https://notifier.example.com/x'],
  ])('to %s leads to %s', (href, expected) => {
    expect(from('webhooks')(href)).toBe(expected)
  })

  test('leads down from the start page, and up from the folder of the examples', () => {
    expect(from('start')('webhooks.md')).toBe('docs/webhooks?lang=zh')
    expect(from('examples')('../webhooks.md#retries')).toBe('../docs/webhooks?lang=zh#retries')
    expect(from('examples')('receiver.py')).toBe('../docs/examples/receiver.py')
  })

  test.each([
    'operations.md',
    '../README.md',
    '../../etc/passwd',
    'http://x.example',
    'javascript:alert(1)',
    '//evil/x',
  ])('to %s, which partners do not have, is text', href => {
    expect(from('webhooks')(href)).toBeNull()
  })
})
