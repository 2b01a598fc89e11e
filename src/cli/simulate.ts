import type { Language } from '../core/language.ts'
import { scriptOfSerial } from '../simulator/script.ts'
import { openUpstreamSimulator } from '../simulator/upstream.ts'
import { describeError } from '../telemetry/describe-error.ts'
import { print, refuse } from './environment.ts'
import type { Common } from './frame/command.ts'

const CALLS_KEPT = 10_000

type Running = Record<'url' | 'origin' | 'apiId' | 'apiKey', string>

const en = {
  cannotListen: (where: string, code: string | number) => `cannot listen on ${where} (${code}); choose another --port`,
  running: ({ url, origin, apiId, apiKey }: Running) => `GetResult is simulated at

  IHUYI_URL=${url}
  IHUYI_ACCOUNT=${apiId}
  IHUYI_API_KEY=${apiKey}

These serials answer by themselves, any other one answers 4061:

  test_success_3s   test_fail_10s   test_notfound   test_expire

Script another, here one that passes after 5 seconds:

  curl -H 'content-type: application/json' -d '{"idcardid":"123","afterMs":5000,"status":"SUCCESS"}' ${origin}/_script

Refuse all calls of the account with a code of GetResult, and end that:

  curl -H 'content-type: application/json' -d '{"apiId":"${apiId}","code":4050}' ${origin}/_account
  curl -X DELETE '${origin}/_account?apiId=${apiId}'

What was asked about a serial:

  curl '${origin}/_calls?idcardid=123'

Ctrl-C stops it.`,
}

const zh: typeof en = {
  cannotListen: (where, code) => `无法监听 ${where}（${code}）；请用 --port 换一个端口`,
  running: ({ url, origin, apiId, apiKey }) => `GetResult 模拟器已启动：

  IHUYI_URL=${url}
  IHUYI_ACCOUNT=${apiId}
  IHUYI_API_KEY=${apiKey}

以下流水号会自动得出结果，其他一律返回 4061：

  test_success_3s   test_fail_10s   test_notfound   test_expire

也可指定某个流水号的结果，例如 5 秒后通过：

  curl -H 'content-type: application/json' -d '{"idcardid":"123","afterMs":5000,"status":"SUCCESS"}' ${origin}/_script

以某个返回码拒绝该账户的所有查询，以及恢复：

  curl -H 'content-type: application/json' -d '{"apiId":"${apiId}","code":4050}' ${origin}/_account
  curl -X DELETE '${origin}/_account?apiId=${apiId}'

查看收到过某个流水号的哪些查询：

  curl '${origin}/_calls?idcardid=123'

按 Ctrl-C 结束。`,
}

const TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }

type Input = Common & { host: string; port: number; account: string; apiKey: string }

/** Simulates GetResult until a signal comes. */
export const simulate = async ({ host, port, account, apiKey, json, lang }: Input): Promise<void> => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  await runSimulator({ host, port, apiId: account, apiKey, json, lang, print, signal: stop.signal }).catch(
    (error: unknown) => refuse(TEXTS[lang].cannotListen(`${host}:${port}`, describeError(error).code ?? '?')),
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
  /** English unless given. */
  lang?: Language
  print: (text: string) => void
  /** Stops it. */
  signal: AbortSignal
}

/**
 * Runs the simulator of GetResult until `signal` aborts. The test serials (`test_success_3s`, …) answer by themselves, any
 * other serial 4061 until it is scripted. Rejects with the system's error when it cannot listen.
 */
export const runSimulator = async (options: SimulatorOptions): Promise<void> => {
  const { host = '127.0.0.1', port = 8090, apiId = 'simulator', apiKey = 'simulator-key', lang = 'en' } = options
  const { print, signal } = options
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
    options.json
      ? JSON.stringify({ url, account: apiId, apiKey })
      : TEXTS[lang].running({ url, origin, apiId, apiKey }),
  )
  await stopped
  await simulator.close()
}
