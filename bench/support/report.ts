import type { Finding, PartResult } from './part.ts'

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
