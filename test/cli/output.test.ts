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
})
