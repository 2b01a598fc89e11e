import { wholeNumber } from '../config/parsers.ts'
import { scriptOfSerial } from '../simulator/script.ts'
import { openUpstreamSimulator } from '../simulator/upstream.ts'
import { describeError } from '../telemetry/describe-error.ts'
import { anyText, type Common, defineCommand, option, required } from './command.ts'
import { refuse } from './ending.ts'
import { print } from './environment.ts'

/** Maximum number of calls kept, since the simulator may run for days. */
const CALLS_KEPT = 10_000

type Input = Common & { host: string; port: number; account: string; apiKey: string }

/** Simulates GetResult until a signal. Test serials have fixed answers; others get 4061 until they are scripted. */
const simulate = async ({ host, port, account: apiId, apiKey, json, say }: Input): Promise<void> => {
  const stopped = new Promise<unknown>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
  const simulator = await openUpstreamSimulator({
    host,
    port,
    accounts: [{ apiId, apiKey }],
    now: Date.now,
    keepCalls: CALLS_KEPT,
    defaultScript: scriptOfSerial,
  }).catch((error: unknown) => {
    const code = describeError(error).code ?? '?'
    return refuse({
      en: `cannot listen on ${host}:${port} (${code}); use another one with --port`,
      zh: `无法监听 ${host}:${port}（${code}）；请用 --port 换一个端口`,
    })
  })
  const { url, origin } = simulator
  const post = `curl -H 'content-type: application/json' -d`
  const text = `${say({ en: 'The simulator of GetResult runs:', zh: 'GetResult 模拟器已启动：' })}

  IHUYI_URL=${url}
  IHUYI_ACCOUNT=${apiId}
  IHUYI_API_KEY=${apiKey}

${say({ en: 'These serials answer by themselves, any other one 4061:', zh: '以下流水号会自动得出结果，其他一律返回 4061：' })}

  test_success_3s   test_fail_10s   test_notfound   test_expire

${say({ en: 'Script another, here one that passes after 5 seconds:', zh: '也可指定某个流水号的结果，例如 5 秒后通过：' })}

  ${post} '{"idcardid":"123","afterMs":5000,"status":"SUCCESS"}' ${origin}/_script

${say({ en: 'Refuse all calls of the account with a code of GetResult, and end that:', zh: '以某个返回码拒绝该账户的所有查询，以及恢复：' })}

  ${post} '{"apiId":"${apiId}","code":4050}' ${origin}/_account
  curl -X DELETE '${origin}/_account?apiId=${apiId}'

${say({ en: 'The queries for a serial:', zh: '查看收到过某个流水号的哪些查询：' })}

  curl '${origin}/_calls?idcardid=123'

${say({ en: 'Ctrl-C stops it.', zh: '按 Ctrl-C 结束。' })}`
  print(json ? JSON.stringify({ url, account: apiId, apiKey }) : text)
  await stopped
  await simulator.close()
}

export const commands = [
  defineCommand({
    path: 'simulate',
    words: { en: 'run the simulator of GetResult alone', zh: '单独运行 GetResult 模拟器' },
    options: {
      host: required(option('HOST', anyText, { en: 'address to listen on', zh: '监听地址' }), '127.0.0.1'),
      port: required(
        option('NUMBER', wholeNumber({ min: 0, max: 65_535 }), {
          en: 'port; 0 takes a free one',
          zh: '端口；0 表示任取一个空闲端口',
        }),
        8090,
      ),
      account: required(option('APIID', anyText, { en: 'APIID that it accepts', zh: '接受的 APIID' }), 'simulator'),
      apiKey: required(
        option('APIKEY', anyText, { en: 'APIKEY that it accepts', zh: '接受的 APIKEY' }),
        'simulator-key',
      ),
    },
    example: 'simulate --port 8091',
    run: simulate,
  }),
]
