import { fileURLToPath } from 'node:url'
import type { Finding, PartResult } from './part.ts'

/** `measuredOn`: the version that ran, where it is not today's. `conditions`: rounds, size and load, where they are known. */
type Kept = PartResult & { measuredAt: string; machine: string; measuredOn?: string; conditions?: string }
/** Two versions that ran in turn. It is written into the results by hand, and stays. */
type Comparison = Pick<PartResult, 'title' | 'method' | 'columns' | 'rows' | 'notes'> & { measuredAt: string }
export interface Results {
  comparisons: readonly Comparison[]
  parts: Record<string, Kept>
}

export const RESULTS_PATH = fileURLToPath(new URL('../results.json', import.meta.url))
export const PERFORMANCE_PATH = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))

const VERDICTS: Record<Finding['verdict'], string> = { met: 'met', floor: 'above the floor', missed: 'missed' }

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

const rowsOf = ({ columns, rows }: Pick<PartResult, 'columns' | 'rows'>) =>
  rows.map(({ name, cells }) => [name, ...columns.map(c => cells[c] ?? '–')])
const findingsOf = ({ findings }: PartResult) =>
  findings.map(({ what, value, aim, verdict }) => [what, value, aim, VERDICTS[verdict]])

const listOf = (notes: readonly string[]): string => notes.map(note => `- ${note}`).join('\n')

const FINDING_HEAD = ['figure', 'measured', 'aim', '']

/** For the terminal. */
export const renderText = (result: PartResult): string =>
  [
    `\n${result.title}`,
    tableOf(['', ...result.columns], rowsOf(result)),
    ...(result.findings.length > 0 ? [tableOf(FINDING_HEAD, findingsOf(result))] : []),
    listOf(result.notes),
    '',
  ].join('\n')

const renderPart = (result: Kept): string =>
  [
    `## ${result.title}`,
    result.method,
    tableOf(['', ...result.columns], rowsOf(result)),
    ...(result.findings.length > 0 ? [tableOf(FINDING_HEAD, findingsOf(result))] : []),
    ...(result.notes.length > 0 ? [listOf(result.notes)] : []),
    `\`npm run bench -- ${result.part}\`, ${result.measuredAt}${result.conditions ? ` (${result.conditions})` : ''}, on ${result.machine}.`,
    ...(result.measuredOn ? [`Older: measured on ${result.measuredOn}. See the comparison at the top.`] : []),
  ].join('\n\n')

const renderComparison = ({ title, measuredAt, method, notes, ...table }: Comparison): string =>
  [`## ${title} (${measuredAt})`, method, tableOf(['', ...table.columns], rowsOf(table)), listOf(notes)].join('\n\n')

/** `docs/performance.md`, whole. */
export const renderPerformance = ({ comparisons, parts }: Results): string => {
  const sections = [...comparisons.map(renderComparison), ...Object.values(parts).map(renderPart)]
  return `${['# Performance', INTRODUCTION, ...sections].join('\n\n')}\n`
}

const INTRODUCTION = `How fast the service is, against the limit of what the machine can do and against what else one might use. This page is written
by \`npm run bench -- --write\`; only comparisons of two versions are typed by hand, into \`bench/results.json\`. Each figure of
a part is a median over several rounds in which the contestants ran in turn, a ratio the median of the ratios round by round.
Figures of another machine differ; ratios much less. What profiling showed and which choices came of it:
[decision 009](decisions/009-speed.md).`
