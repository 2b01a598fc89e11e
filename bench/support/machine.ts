import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** The machine that the figures were measured on, in one line. */
export const describeMachine = (): string =>
  [
    `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`,
    `${Math.round(totalmem() / 1024 ** 3)} GiB of memory`,
    `${systemName()}, kernel ${release()}`,
    `Node ${process.versions.node}`,
  ].join('; ')

const systemName = (): string => {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform
  } catch {
    return process.platform
  }
}

const TICKS_PER_SECOND = 100

/** Processor time that the processes have used so far, in seconds, with all their threads. Linux only. */
export const cpuSeconds = (...pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
    return sum + (user + system) / TICKS_PER_SECOND
  }, 0)

export const residentMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** Bytes that a process has written so far: `called` to all it writes to, sockets too; `stored`, of whole pages, to the disk. Linux only. */
export const bytesWritten = (pid: number): { called: number; stored: number } => {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8')
  const of = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  return { called: of('wchar'), stored: of('write_bytes') }
}
