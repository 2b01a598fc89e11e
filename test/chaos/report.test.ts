import { expect, test } from 'vitest'
import { withPart } from './report.ts'

const place = (name: string, text: string) => `<!-- chaos:${name} -->\n${text}<!-- /chaos -->\n`

test('figures replace those of the same part, and nothing else', () => {
  const page = `# Figures\n${place('sqlite', 'old\n')}between\n${place('postgres', '\nold\n')}end\n`
  expect(withPart(page, { name: 'sqlite', text: 'new\n0 lost' }, 'measured')).toBe(
    `# Figures\n${place('sqlite', '\nnew\n\n0 lost\n\nmeasured\n\n')}between\n${place('postgres', '\nold\n')}end\n`,
  )
})

test('a page without a place for them is refused', () => {
  expect(() => withPart(place('sqlite', ''), { name: 'years', text: '' }, '')).toThrow('years')
})
