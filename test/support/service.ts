import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/app/database.ts'
import { openApp } from '../../src/app/open-app.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { Store } from '../../src/store/store.ts'
import { createEmit } from '../../src/telemetry/emit.ts'
import { createLog } from '../../src/telemetry/log.ts'

export const ROOT = join(import.meta.dirname, '../..')
/** CI names another Node for the result of `npm run build`. */
const { TEST_BUILT_ON: BUILT_ON } = process.env
const NODE = BUILT_ON ?? join(ROOT, 'node_modules/.bin/node')
const PROGRAM = BUILT_ON === undefined ? 'src/cli.ts' : 'dist/cli.js'
/** On a machine that does much else. */
const START_MS = 160_000

export const ADMIN_TOKEN = 'the-operator-of-all-of-these-tests'
/** Accounts that the simulator accepts: the default one and one more. */
export const ACCOUNT = { apiId: 'e2e-account', apiKey: 'e2e-upstream-key' }
export const OTHER_ACCOUNT = { apiId: 'e2e-other', apiKey: 'e2e-other-key' }

export type Environment = Record<string, string>

export interface LogLine {
  event: string
  [field: string]: unknown
}

/** A folder that is gone afterwards. */
export const openFolder = async (): Promise<{ path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), 'idface-notifier-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Settings of a service whose minutes are tenths of a second. */
export const serviceEnvironment = (at: { folder: string; upstreamUrl: string }): Environment => ({
  DATABASE_URL: `file:${join(at.folder, 'notifier.db')}`,
  PORT: '0',
  ADMIN_TOKEN,
  API_RATE: '10000',
  REGISTRATION_RATE: '10000',
  IHUYI_ACCOUNT: ACCOUNT.apiId,
  IHUYI_API_KEY: ACCOUNT.apiKey,
  IHUYI_URL: at.upstreamUrl,
  UPSTREAM_RATE: '200',
  UPSTREAM_CONCURRENCY: '16',
  UPSTREAM_TIMEOUT: '1s',
  POLL_MIN_INTERVAL: '100ms',
  POLL_MAX_INTERVAL: '200ms',
  SETTLE_MARGIN: '0s',
  RETRY_SCHEDULE: '100ms,200ms,300ms',
  CALLBACK_TIMEOUT: '1s',
  CALLBACK_ALLOW_HTTP: 'true',
  CALLBACK_ALLOW_NETWORKS: '127.0.0.0/8',
  LOG_LEVEL: 'debug',
})

/**
 * The service in this process; `log` has its lines so far.
 *
 * @param wrap replaces its store
 */
export const openService = async (env: Environment, wrap: (store: Store) => Store = store => store) => {
  const read = readConfig(env, 'upstream')
  if (!read.ok) throw new Error(read.problems.map(({ setting, message }) => `${setting}: ${message.en}`).join('\n'))
  const lines: LogLine[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) }
  const log = createLog({ level: read.config.log.level, destination, now: Date.now })
  const app = await openApp(
    read.config,
    log,
    openDatabase(read.config, { emit: createEmit([log]), as: 'service' }).then(wrap),
  )
  let stopped: Promise<void> | null = null
  const stop = () => {
    stopped ??= app[Symbol.asyncDispose]()
    return stopped
  }
  return { url: app.url, log: lines as readonly LogLine[], stop, [Symbol.asyncDispose]: stop }
}

/** The environment of a child: nothing of ours, only the variables that node needs to start. */
const childEnvironment = (env: Environment): Environment => ({ PATH: process.env.PATH ?? '', ...env })

interface Whereabouts {
  cwd: string
  env?: Environment
  /** The checkout whose program runs; this one unless given. */
  root?: string | undefined
}

/** `node src/cli.ts …` as a child in the folder `cwd`; killed when disposed of. */
export const spawnCli = (args: readonly string[], { cwd, env = {}, root = ROOT }: Whereabouts) => {
  const command = [join(root, PROGRAM), ...args]
  const child = spawn(NODE, command, { cwd, env: childEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      texts[stream] += chunk
    })
  const exited = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    at: performance.now(),
  }))

  /** The first whole line of stdout that `accepts` takes; rejects when the process ends without it. */
  const line = async (accepts: (line: string) => boolean): Promise<string> => {
    const signal = AbortSignal.timeout(START_MS)
    for (;;) {
      const found = texts.stdout.split('\n').slice(0, -1).find(accepts)
      if (found !== undefined) return found
      const more = once(child.stdout, 'data', { signal }).then(
        () => true,
        () => Promise.reject(new Error(`not in ${START_MS} ms: ${texts.stdout}${texts.stderr}`)),
      )
      if (!(await Promise.race([more, exited.then(() => false)]))) throw new Error(`ended: ${texts.stderr}`)
    }
  }

  return {
    texts: texts as Readonly<typeof texts>,
    line,
    /** Forgets its output so far. */
    forget: (): void => {
      texts.stdout = texts.stderr = ''
    },
    /** Reads no more, as `head` does. */
    hangUp: (): void => void child.stdout.destroy(),
    pid: child.pid ?? 0,
    exited,
    kill: (signal: NodeJS.Signals): boolean => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** `serve` as a child process, once it listens; of the checkout `root`, this one unless given. */
export const spawnService = async (env: Environment, cwd: string, root?: string) => {
  const child = spawnCli(['serve'], { cwd, env, root })
  const listening = await child.line(line => line.includes('"event":"listening"'))
  const { url } = JSON.parse(listening) as { url: string }
  return { ...child, url }
}

/** Runs a command to its end, as a process of its own. */
export const runCliApart = async (args: readonly string[], at: Whereabouts) => {
  const child = spawnCli(args, at)
  const { code } = await child.exited
  return { code, ...child.texts }
}
