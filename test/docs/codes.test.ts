import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ACCOUNT_FAULTS, readAnswer } from '../../src/core/answer.ts'

const CODES = Array.from({ length: 50_000 }, (_, code) => code).filter(code => {
  const answer = readAnswer({ code, status: null, message: null, livingScore: null, similarity: null })
  return answer.kind !== 'transient' || answer.cause !== 'unknown_code'
})

/** The rows of the table, the codes of each written out: `4080 to 4089` too. */
const rowsOf = (page: string): { codes: number[]; text: string }[] => {
  const [, section = ''] = page.split(/^## .*(?:Codes of GetResult|GetResult 返回码)$/m)
  const [table = ''] = section.split(/^## /m)
  return [...table.matchAll(/^\| (\d[^|]*)\|.*$/gm)].map(([text, first = '']) => {
    const [from = 0, to] = [...first.replace(/HTTP \d+/, '').matchAll(/\d+/g)].map(Number)
    const isRange = /\d (?:to|至) \d/.test(first)
    const codes = isRange && to !== undefined ? Array.from({ length: to - from + 1 }, (_, at) => from + at) : [from, to]
    return { codes: codes.filter(code => code !== undefined), text }
  })
}

test.each(['operations.md', 'operations.zh-CN.md'])('%s says of every code of GetResult who has to do what', name => {
  const page = readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
  const rows = rowsOf(page)
  expect([...new Set(rows.flatMap(({ codes }) => codes))].toSorted((a, b) => a - b)).toEqual(CODES)
  for (const fault of ACCOUNT_FAULTS) expect(page).toMatch(new RegExp(`^\\|.*\`${fault}\`.*\\|$`, 'm'))
  for (const { text } of rows) expect(text.split(' | ')).toHaveLength(5)
})
