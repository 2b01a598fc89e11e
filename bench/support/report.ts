import { fileURLToPath } from 'node:url'
import type { Finding, PartResult } from './part.ts'

export const PERFORMANCE_PATH = fileURLToPath(new URL('../README.md', import.meta.url))

const VERDICTS: Record<Finding['verdict'], string> = { met: 'met', floor: 'within the floor', missed: 'missed' }
const FINDING_HEAD = ['figure', 'measured', 'aim', '']

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

const tablesOf = ({ columns, rows, findings }: PartResult): string[] => [
  tableOf(
    ['', ...columns],
    rows.map(({ name, cells }) => [name, ...columns.map(column => cells[column] ?? '–')]),
  ),
  ...(findings.length === 0
    ? []
    : [
        tableOf(
          FINDING_HEAD,
          findings.map(({ what, value, aim, verdict }) => [what, value, aim, VERDICTS[verdict]]),
        ),
      ]),
]
const listOf = (notes: readonly string[]): string => notes.map(note => `- ${note}`).join('\n')

/** For the terminal. */
export const renderText = (result: PartResult): string =>
  [`\n${result.title}`, ...tablesOf(result), listOf(result.notes), ''].join('\n')

/** `bench/README.md` with a new section of this part, at its end if there is none yet. */
export const withSection = (page: string, result: PartResult, measured: { on: string; when: string }): string => {
  const section = [
    `## ${result.title}`,
    result.method,
    ...tablesOf(result),
    ...(result.notes.length > 0 ? [listOf(result.notes)] : []),
    `\`npm run bench -- ${result.part}\`, ${measured.when}, on ${measured.on}.`,
  ].join('\n\n')
  const sections = page.trimEnd().split(/\n\n(?=## )/)
  const place = sections.findIndex(one => one.startsWith(`## ${result.title}\n`))
  const changed = place < 0 ? [...sections, section] : sections.with(place, section)
  return `${changed.join('\n\n')}\n`
}
