import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Holder {
  pid: number
  /** The name of the program. */
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

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return '?'
  }
}
