import { describe, expect, test } from 'vitest'
import { servedLink } from '../../../src/http/docs/links.ts'
import { renderMarkdown } from '../../../src/http/docs/markdown.ts'

const render = (markdown: string) => renderMarkdown(markdown, { linkTo: href => href, anchorLabel: 'link' })

describe('a rendered document', () => {
  test('shows HTML as text', async () => {
    const { html } = await render('a <script>alert(1)</script> b\n\n<img src=x onerror="alert(1)">\n\n`<b>`')
    expect(html).not.toMatch(/<(?!\/?(p|code)>)/)
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;')
  })

  test('has nothing of comments', async () => {
    const { html } = await render('<!-- snippet: node -->\n```js\nx\n```\n\na <!-- b --> c')
    expect(html).not.toContain('--')
  })

  test('has anchors like those of GitHub, also for Chinese and for equal headings', async () => {
    const { html, sections, title } = await render(
      '# A & B\n\n## What to answer?\n\n## invalid_json\n\n## 应答 (2xx)\n\n## invalid_json',
    )
    expect(sections.map(({ id }) => id)).toEqual(['what-to-answer', 'invalid_json', '应答-2xx', 'invalid_json-1'])
    for (const { id } of sections) expect(html).toContain(`<h2 id="${id}">`)
    expect([title, sections[0]?.text]).toEqual(['A & B', 'What to answer?'])
  })

  test('has the anchor that a heading gives itself, so that a link works in each language', async () => {
    const { html, sections, title } = await render(
      '# <a id="problems"></a>错误码\n\n## <a id="what-to-answer"></a>怎样`响应`\n\n## <a id="x" onclick="y"></a>b\n\n## <a id="z">c</a>',
    )
    expect(title).toBe('错误码')
    expect(sections[0]).toEqual({ id: 'what-to-answer', text: '怎样响应', depth: 2 })
    expect(html).toContain('<h1 id="problems">错误码</h1>')
    expect(html).toContain('<h2 id="what-to-answer">怎样<code>响应</code> ')
    expect(html).toContain('&lt;a id=&quot;x&quot; onclick=&quot;y&quot;&gt;')
    expect(html).toContain('&lt;a id=&quot;z&quot;&gt;c&lt;/a&gt;')
  })

  test('can be scrolled by keyboard where it is wide', async () => {
    const { html } = await render('| a |\n| - |\n| b |\n\n```sh\ncurl "$X" <y>\n```')
    expect(html).toContain('<div class="scroll" tabindex="0"><table>')
    expect(html).toContain(
      '<pre tabindex="0"><code class="sh" data-name="">curl &quot;$X&quot; &lt;y&gt;\n</code></pre>',
    )
  })
})

describe('a link', () => {
  const from =
    (document: string, toRoot = '../', query = '') =>
    (href: string) =>
      servedLink(href, { document, toRoot, query })

  test.each([
    ['problems.md', '../docs/problems'],
    ['problems.md#conflict', '../docs/problems#conflict'],
    ['problems.zh-CN.md', '../docs/problems'],
    ['start.md', '../docs'],
    ['examples/README.md#calling', '../docs/examples#calling'],
    ['examples/README.zh-CN.md', '../docs/examples'],
    ['examples/receiver.py', '../docs/examples/receiver.py'],
    ['#what-to-answer', '#what-to-answer'],
    ['https://www.rfc-editor.org/rfc/rfc9457', 'https://www.rfc-editor.org/rfc/rfc9457'],
    ['https://notifier.example/docs/reference', '../docs/reference'],
    ['https://notifier.example.com/x', 'https://notifier.example.com/x'],
  ])('to %s leads to %s', (href, expected) => {
    expect(from('webhooks.md')(href)).toBe(expected)
  })

  test('carries the chosen language to pages and the OpenAPI document, and to nothing else', () => {
    const link = from('examples/README.md', '../', '?lang=zh')
    expect(link('../webhooks.md#retries')).toBe('../docs/webhooks?lang=zh#retries')
    expect(link('https://notifier.example/docs/problems#conflict')).toBe('../docs/problems?lang=zh#conflict')
    expect(link('https://notifier.example/openapi.json')).toBe('../openapi.json?lang=zh')
    expect(link('receiver.py')).toBe('../docs/examples/receiver.py?lang=zh')
    expect(link('receiver.py?raw')).toBe('../docs/examples/receiver.py?raw')
    expect(link('https://other.example/')).toBe('https://other.example/')
  })

  test.each([
    'operations.md',
    '../README.md',
    '../package.json',
    'decisions/003-lanes.md',
    '../../etc/passwd',
    'http://x.example',
    'javascript:alert(1)',
    '//evil.example/x',
    'data:text/html,x',
  ])('to %s, which partners do not have, is text', href => {
    expect(from('webhooks.md')(href)).toBeNull()
  })
})
