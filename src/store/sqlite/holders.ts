import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

export interface Holder {
  pid: number
  /** The name of the program; of this one with the first word of its command, as `idface-notifier serve`. */
  command: string
}

/**
 * Which other processes have the database open, as far as Linux shows them: those of this user, not those in other containers.
 * Elsewhere nobody is seen.
 *
 * @param path the database's real path
 */
export const holdersOf = (path: string): Holder[] => {
  const files = new Set([path, `${path}-wal`, `${path}-shm`])
  return entriesOf('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => entriesOf(`/proc/${pid}/fd`).some(fd => files.has(targetOf(`/proc/${pid}/fd/${fd}`))))
    .map(pid => ({ pid: Number(pid), command: commandOf(pid) }))
}

/** Empty for what ends meanwhile, or may not be looked at. */
const entriesOf = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const targetOf = (link: string): string => {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** Empty for what has ended, or may not be looked at. */
const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const commandOf = (pid: string): string =>
  programOf(textOf(`/proc/${pid}/comm`).trim(), textOf(`/proc/${pid}/cmdline`).split('\0'))

/** As npm installs it, and as it lies in the package. */
const OURS: ReadonlySet<string> = new Set(['idface-notifier', 'bin.js', 'cli.ts'])

/**
 * What an operator knows a process by. Of the arguments only a word of ours is told: others may be secrets.
 *
 * @param thread as the system names its first thread: Node calls that MainThread, whatever it runs
 */
export const programOf = (thread: string, argv: readonly string[]): string => {
  if (thread !== 'MainThread' && thread !== 'node') return thread === '' ? '?' : thread
  const script = argv.findIndex((arg, at) => at > 0 && OURS.has(basename(arg)))
  if (script === -1) return 'node'
  const word = argv[script + 1] ?? ''
  return /^[a-z][a-z-]*$/.test(word) ? `idface-notifier ${word}` : 'idface-notifier'
}
