import { cpSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Finding, Promises } from '../findings.ts'
import { FILES } from './nodes.ts'
import type { Scene } from './scene.ts'

/** A line for each entry, so that `grep` finds an id. */
const linesOf = (name: string, entries: readonly unknown[]): string =>
  `${JSON.stringify(name)}: [\n${entries.map(one => JSON.stringify(one)).join(',\n')}\n]`

/**
 * Ends a scene, and keeps its observations and findings, the logs of its nodes and its database. Returns the folder.
 */
export const keepEvidence = async (
  { gather, nodes, logs, kill, server, folder }: Scene,
  judged: { findings?: readonly Finding[]; promises?: Promises } = {},
): Promise<string> => {
  const kept = mkdtempSync(join(tmpdir(), 'notifier-chaos-'))
  const { findings = [], promises } = judged
  const seen = gather()
  const lists = [['findings', findings] as const, ...Object.entries(seen)].filter(([, value]) => Array.isArray(value))
  writeFileSync(
    join(kept, 'seen.json'),
    `{\n"promises": ${JSON.stringify(promises ?? null)},\n"endedAt": ${seen.endedAt},\n${lists.map(([name, list]) => linesOf(name, list)).join(',\n')}\n}\n`,
  )
  for (const n of nodes.keys()) await kill(n)
  for (const [n, texts] of logs.entries()) writeFileSync(join(kept, `node-${n + 1}.log`), texts.map(textOf).join('\n'))
  await server?.stop()
  const from = server ? [join(server.folder, 'data')] : FILES.map(name => join(folder, name))
  for (const path of from.filter(path => existsSync(path)))
    cpSync(path, join(kept, basename(path)), { recursive: true })
  return kept
}
const textOf = ({ stdout, stderr }: { stdout: string; stderr: string }): string => stdout + stderr
