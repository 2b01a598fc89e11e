import { spawnSync } from 'node:child_process'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { idsForRoot, startProgram, type TestServer } from './postgres.ts'

const PROGRAM = ['pgbouncer', '/usr/sbin/pgbouncer'].find(path => spawnSync(path, ['--version']).status === 0)

/** Why no pooler can be opened here; null: one can. */
export const noPooler: string | null =
  PROGRAM === undefined ? 'pgbouncer is not installed here: apt-get install pgbouncer' : null

/** A PgBouncer in transaction mode before a server, which keeps no prepared statements. */
export const openPooler = async (
  server: TestServer,
): Promise<{ urlOf: (database: string) => string } & AsyncDisposable> => {
  if (PROGRAM === undefined) throw new Error(noPooler ?? '')
  const [port] = await freePorts(1)
  const settings = [
    ...['[databases]', `* = host=${server.folder} port=5432 user=postgres`, '[pgbouncer]', 'listen_addr = 127.0.0.1'],
    ...[`listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = any', 'pool_mode = transaction'],
    ...['default_pool_size = 4', 'max_client_conn = 200', 'max_prepared_statements = 0'],
  ]
  const path = join(server.folder, `pgbouncer-${port}.ini`)
  writeFileSync(path, `${settings.join('\n')}\n`)
  const ids = idsForRoot()
  if (ids) chownSync(path, ids.uid, ids.gid)
  const { child, exited } = await startProgram([PROGRAM, path], /process up/, { cwd: server.folder, ...ids })
  return {
    urlOf: database => `postgres://postgres@127.0.0.1:${port}/${server.nameOf(database)}`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
