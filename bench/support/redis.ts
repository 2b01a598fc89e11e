import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, familyCpuSeconds, startServer } from './database.ts'

/** Why Redis cannot run here, with the remedy; null if it can. */
export const whyNoRedis = (): string | null =>
  spawnSync('redis-server', ['--version']).error === undefined
    ? null
    : 'there is no redis-server here: `apt-get install redis-server` brings one'

/** Redis as BullMQ wants it in production: an append-only file, synced once a second, and nothing evicted. */
const SETTINGS = {
  port: '0',
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '',
  'maxmemory-policy': 'noeviction',
}

/** Listens on a socket in a temporary folder; `connection` is its path. */
export const openRedis = async (): Promise<Database> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-redis-'))
  const connection = join(folder, 'redis.sock')
  const settings = { ...SETTINGS, dir: folder, unixsocket: connection }
  const server = await startServer(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { ready: /Ready to accept connections/, stream: 'stdout', stopSignal: 'SIGTERM' },
  )
  return {
    connection,
    measure: async run => {
      const before = familyCpuSeconds(server.pid)
      const result = await run()
      return { result, cost: { cpuSeconds: familyCpuSeconds(server.pid) - before } }
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
