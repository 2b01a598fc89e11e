import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface DatabaseCost {
  /** Processor time of all its processes, including those that have ended. Linux only. */
  cpuSeconds: number
  /** PostgreSQL: bytes written to its log, without the pages that it copies there after a checkpoint. */
  walBytes?: number
  /** Of PostgreSQL: commits of transactions that wrote something. */
  commits?: number
}

/** A database server for one benchmark, empty at first, and deleted afterwards with its files. */
export interface Database {
  /** For clients: a connection string, or the path of a socket. */
  connection: string
  /** The cost of a run for the database. */
  measure: <Result>(run: () => Promise<Result>) => Promise<{ result: Result; cost: DatabaseCost }>
  [Symbol.asyncDispose]: () => Promise<void>
}

const TICKS_PER_SECOND = 100

/** User and system time, then those of the children that have ended and been waited for. */
const ticksOf = (pid: string): number => {
  const [, fields = ''] = /\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
  return fields
    .split(' ')
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0)
}

const childrenOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)

/** A child may end after it was listed; from the next look on its time is counted with its parent's. */
const ticksOrNone = (pid: string): number => {
  try {
    return ticksOf(pid)
  } catch {
    return 0
  }
}

export const familyCpuSeconds = (pid: number): number => {
  const children = childrenOf(pid).reduce((sum, child) => sum + ticksOrNone(child), 0)
  return (ticksOf(String(pid)) + children) / TICKS_PER_SECOND
}

interface ServerOptions {
  /** The text that it prints when it is ready, and the stream. */
  ready: RegExp
  stream: 'stdout' | 'stderr'
  ids?: { uid: number; gid: number } | undefined
  stopSignal: NodeJS.Signals
}

/** Starts a server in the foreground; resolves once it is ready. */
export const startServer = async (command: string, args: readonly string[], options: ServerOptions) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options.ids })
  const exited = once(child, 'close')
  await untilReady(child, options)
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill(options.stopSignal)
      await exited
    },
  }
}

const untilReady = async (child: ChildProcess, { ready, stream }: ServerOptions): Promise<void> => {
  const seen: string[] = []
  child.stdout?.resume()
  child.stderr?.resume()
  const output = child[stream] as Readable
  for await (const line of createInterface(output)) {
    if (ready.test(line)) return void output.resume()
    seen.push(line)
  }
  throw new Error(`${child.spawnfile} did not start:\n${seen.join('\n')}`)
}
