import { fileURLToPath } from 'node:url'
import type { Finding, PartResult } from './part.ts'

type Kept = PartResult & { measuredAt: string; machine: string }
export interface Results {
  parts: Record<string, Kept>
}

export const RESULTS_PATH = fileURLToPath(new URL('../results.json', import.meta.url))
export const PERFORMANCE_PATH = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))

const VERDICTS: Record<Finding['verdict'], string> = { met: 'met', floor: 'above the floor', missed: 'missed' }

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

const rowsOf = ({ columns, rows }: PartResult) =>
  rows.map(({ name, cells }) => [name, ...columns.map(c => cells[c] ?? '–')])
const findingsOf = ({ findings }: PartResult) =>
  findings.map(({ what, value, aim, verdict }) => [what, value, aim, VERDICTS[verdict]])

const FINDING_HEAD = ['figure', 'measured', 'aim', '']

/** For the terminal. */
export const renderText = (result: PartResult): string =>
  [
    `\n${result.title}`,
    tableOf(['', ...result.columns], rowsOf(result)),
    ...(result.findings.length > 0 ? [tableOf(FINDING_HEAD, findingsOf(result))] : []),
    ...result.notes.map(note => `- ${note}`),
    '',
  ].join('\n')

const renderPart = (result: Kept): string =>
  [
    `## ${result.title}`,
    result.method,
    tableOf(['', ...result.columns], rowsOf(result)),
    ...(result.findings.length > 0 ? [tableOf(FINDING_HEAD, findingsOf(result))] : []),
    ...(result.notes.length > 0 ? [result.notes.map(note => `- ${note}`).join('\n')] : []),
    `\`npm run bench -- ${result.part}\`, ${result.measuredAt}, on ${result.machine}.`,
  ].join('\n\n')

/** `docs/performance.md`, whole. */
export const renderPerformance = ({ parts }: Results): string =>
  `${['# Performance', INTRODUCTION, ...Object.values(parts).map(renderPart)].join('\n\n')}\n`

const INTRODUCTION = `How fast the service is, against the limit of what the machine can do and against what else one might use. This page is written
by \`npm run bench -- --write\`; nothing in it is typed by hand. Each figure is a median over several rounds in which the
contestants ran in turn, a ratio the median of the ratios round by round. Figures of another machine differ; ratios much less.
What profiling showed and which choices came of it: [decision 009](decisions/009-speed.md).`
