import { describe, expect, test } from 'vitest'
import { showTable } from '../../src/cli/output.ts'

const ID = 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH'
const AT = Date.parse('2026-11-24T08:20:05Z')
const head = ['id', 'serial', 'partner', 'status', 'webhook', 'last error', 'created']
const row = [
  ...[ID, '16236437872836', 'Spruce Ltd (partner_01KAW2X5G0A1B2C3D4E5F6G7H8)'],
  ...['unresolved: not_found', 'exhausted (10)', 'certificate_expired', AT],
]
const width = (line: string) => [...line].reduce((sum, one) => sum + (one > '⺀' ? 2 : 1), 0)

describe('a table', () => {
  test('fits the terminal, and cuts neither ids nor times', () => {
    const shown = showTable(head, [row, row], 'en', 120)
    for (const line of shown.split('\n')) expect(width(line)).toBeLessThanOrEqual(120)
    expect(shown).toContain(ID)
    expect(shown).toMatch(/Spruce Ltd …|Spruce Lt…/)
    expect(shown).toMatch(/2026-11-2\d \d\d:\d\d:\d\d\n/)
  })

  test('is whole where nobody says how wide it may be', () => {
    expect(showTable(head, [row], 'en', Number.POSITIVE_INFINITY)).toContain(String(row[2]))
  })

  test('keeps its columns under each other in Chinese, of which a character is two wide', () => {
    const lines = showTable(
      ['名称', '已停用'],
      [
        ['某某公司', true],
        ['b', false],
      ],
      'zh',
      120,
    ).split('\n')
    expect(lines).toEqual(['名称      已停用', '某某公司  是', 'b         否'])
  })

  test('says the zone of its times once, and shows a dash for none', () => {
    expect(showTable(['a', 'b'], [['x', null]], 'en', 120)).toBe('a  b\nx  -')
    expect(showTable(['a'], [[AT]], 'en', 120)).toMatch(/^a\n.*\nTimes: \S+$/)
  })

  test.each(['en', 'zh'] as const)('of a URL of 2,048 characters is cut at once (%s)', language => {
    const rows = new Array(250).fill(['某某公司', `https://a.example/${'x'.repeat(2_000)}`, 'failing', AT, null, '1'])
    const [, first] = showTable(['p', 'URL', 'state', 'since', 'last error', 'held'], rows, language, 120).split('\n')
    expect(width(first ?? '')).toBeLessThanOrEqual(120)
    expect(first).toContain('…')
  })
})
