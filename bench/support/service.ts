import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'
import type { Names } from './tls.ts'
import { HERE, type Tree } from './tree.ts'

const NAME_SERVER = join(import.meta.dirname, 'name-server.ts')
const ADMIN_TOKEN = 'the-operator-of-this-whole-benchmark'
const START_LIMIT_MS = 60_000

export type Environment = Readonly<Record<string, string>>

/** A temporary folder, deleted when it is disposed of. */
export const openFolder = (): { path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'bench-service-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The benchmark's own settings: a database in the folder, and loopback allowed. All others are the defaults. */
export const benchEnvironment = (folder: string, upstreamUrl = 'http://127.0.0.1:9/GetResult.json'): Environment => ({
  DATABASE_URL: `file:${join(folder, 'notifier.db')}`,
  PORT: '0',
  ADMIN_TOKEN,
  API_RATE: '100000',
  REGISTRATION_RATE: '100000',
  IHUYI_ACCOUNT: 'bench-account',
  IHUYI_API_KEY: 'bench-upstream-key',
  IHUYI_URL: upstreamUrl,
  CALLBACK_ALLOW_HTTP: 'true',
  CALLBACK_ALLOW_NETWORKS: '127.0.0.0/8',
})

/** A PostgreSQL instead of the file. */
export const onDatabase = ({ connection }: Pick<Database, 'connection'>): Environment => ({
  DATABASE_URL: connection,
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
})

/**
 * Starts `serve` in a process of its own, with its log in a file of the folder; resolves once it listens.
 *
 * @param names the hosts of the benchmark that it can call
 */
export const openService = async (
  folder: string,
  env: Environment,
  { names = null, tree = HERE }: { names?: Pick<Names, 'env'> | null; tree?: Tree } = {},
) => {
  const logPath = join(folder, 'serve.log')
  const log = openSync(logPath, 'w')
  const startedAt = performance.now()
  const nodeFlags = names ? ['--import', NAME_SERVER] : []
  const child = spawn(process.execPath, [...nodeFlags, join(tree.folder, 'src/bin.js'), 'serve'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...names?.env, ...env },
    stdio: ['ignore', log, 'inherit'],
  })
  closeSync(log)
  const exited = once(child, 'exit')
  const dispose = async () => {
    child.kill()
    await exited
  }

  for (;;) {
    const [, url] = /"event":"listening","url":"([^"]+)"/.exec(readFileSync(logPath, 'utf8')) ?? []
    const startMs = performance.now() - startedAt
    if (url !== undefined) return { url, pid: child.pid ?? 0, startMs, logPath, [Symbol.asyncDispose]: dispose }
    if (child.exitCode !== null || startMs > START_LIMIT_MS) {
      child.kill('SIGKILL')
      throw new Error(`the service did not start:\n${readFileSync(logPath, 'utf8')}`)
    }
    await sleep(1)
  }
}

/** Creates a partner through the operator's API; resolves with its API key. */
export const createPartner = async (url: string, name: string): Promise<string> => {
  const response = await fetch(`${url}/v1/admin/partners`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  if (response.status !== 201) throw new Error(`no partner: ${response.status} ${await response.text()}`)
  return ((await response.json()) as { apiKey: string }).apiKey
}
