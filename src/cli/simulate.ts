import { scriptOfSerial } from '../simulator/script.ts'
import { openUpstreamSimulator } from '../simulator/upstream.ts'
import { describeError } from '../telemetry/describe-error.ts'
import { print, refuse } from './environment.ts'

const CALLS_KEPT = 10_000

interface Options {
  host: string
  port: number
  account: string
  apiKey: string
  json?: boolean
}

/** Simulates GetResult until a signal comes. */
export const simulate = async ({ host, port, account, apiKey, json = false }: Options): Promise<void> => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  await runSimulator({ host, port, apiId: account, apiKey, json, print, signal: stop.signal }).catch((error: unknown) =>
    refuse(`cannot listen on ${host}:${port} (${describeError(error).code ?? 'unknown error'}); choose another --port`),
  )
}

interface SimulatorOptions {
  host?: string
  /** 0 takes a free port. */
  port?: number
  apiId?: string
  apiKey?: string
  /** Prints one JSON line `{url, account, apiKey}` instead of the text. */
  json?: boolean
  print: (text: string) => void
  /** Stops it. */
  signal: AbortSignal
}

/**
 * Runs the simulator of GetResult until `signal` aborts. The test serials (`test_success_3s`, …) answer by themselves, any
 * other serial 4061 until it is scripted. Rejects with the system's error when it cannot listen.
 */
export const runSimulator = async (options: SimulatorOptions): Promise<void> => {
  const { host = '127.0.0.1', port = 8090, apiId = 'simulator', apiKey = 'simulator-key', print, signal } = options
  const stopped = new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const accounts = [{ apiId, apiKey }]
  const simulator = await openUpstreamSimulator({
    host,
    port,
    accounts,
    now: Date.now,
    random: Math.random,
    record: CALLS_KEPT,
    defaultScript: scriptOfSerial,
  })
  const { url, origin } = simulator
  print(
    options.json ? JSON.stringify({ url, account: apiId, apiKey }) : describeSimulator({ url, origin, apiId, apiKey }),
  )
  await stopped
  await simulator.close()
}

const describeSimulator = (at: { url: string; origin: string; apiId: string; apiKey: string }): string =>
  `GetResult is simulated at

  IHUYI_URL=${at.url}
  IHUYI_ACCOUNT=${at.apiId}
  IHUYI_API_KEY=${at.apiKey}

These serials answer by themselves, any other one answers 4061:

  test_success_3s   test_fail_10s   test_notfound   test_expire

Script another, here one that passes after 5 seconds:

  curl -H 'content-type: application/json' -d '{"idcardid":"123","afterMs":5000,"status":"SUCCESS"}' ${at.origin}/_script

What was asked about it:

  curl '${at.origin}/_calls?idcardid=123'

Ctrl-C stops it.`
