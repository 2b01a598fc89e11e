import { expect, test } from 'vitest'
import { problemsPage } from '../../scripts/problems-page.ts'

test('HTML in the Markdown is shown as text', () => {
  const page = problemsPage('a <script>alert(1)</script> b\n\n<img src=x onerror="alert(1)">\n\n`<b>`')
  expect(page.replace(/^<!--.*-->\n/, '')).not.toMatch(/<(?!\/?(p|code)>)/)
  expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;')
})

test('the text of a heading is its anchor', () => {
  expect(problemsPage('## invalid_json')).toContain('<h2 id="invalid_json">invalid_json</h2>')
})

test.each(['javascript:alert(1)', 'http://example.com', 'problems.md'])('a link to %s is refused', href => {
  expect(() => problemsPage(`[here](${href})`)).toThrow('use an https address')
})
