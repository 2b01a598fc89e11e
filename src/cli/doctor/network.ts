import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { clock } from '../../app/clock-and-ids.ts'
import { SECOND } from '../../core/duration.ts'
import { codeOf } from '../../core/error.ts'
import { describeFault } from '../../core/fault-texts.ts'
import type { AskedAccount } from './ask-accounts.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, skipped, todo, warning } from './finding.ts'

const NO_CONFIG = skipped('the settings must be corrected first', '请先改正配置')
const SLOW_DNS_MS = 1_000

export const judgeDns = (
  host: string,
  result: { addresses: number; durationMs: number } | { error: string },
): Finding => {
  if ('error' in result)
    return failed(
      `${host} is not found by DNS (${result.error})`,
      `DNS 无法解析 ${host}（${result.error}）`,
      todo('look at the name servers of this machine', '请检查本机的 DNS 服务器', `getent hosts ${host}`),
    )
  const { addresses, durationMs } = result
  const en = `${host} has ${addresses} addresses, found in ${durationMs} ms`
  const zh = `${host} 有 ${addresses} 个地址，解析用时 ${durationMs} 毫秒`
  return durationMs > SLOW_DNS_MS
    ? warning(
        `${en}: slow`,
        `${zh}：偏慢`,
        todo('look at the name servers of this machine', '请检查本机的 DNS 服务器', 'cat /etc/resolv.conf'),
      )
    : ok(en, zh)
}

const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')

export const checkDns = async ({ config }: Desk): Promise<Finding> => {
  if (config === null) return NO_CONFIG
  const host = hostOf(config.upstream.url)
  const begin = clock.monotonic()
  try {
    const addresses = (await lookup(host, { all: true })).length
    return judgeDns(host, { addresses, durationMs: Math.round(clock.monotonic() - begin) })
  } catch (error) {
    return judgeDns(host, { error: String(codeOf(error)) })
  }
}

const OUTAGE = todo(
  'see "An outage of GetResult" in docs/operations.md',
  '见 docs/operations.zh-CN.md 的“GetResult 故障”',
)

export const judgeAnswer = ({ apiId, outcome, durationMs }: AskedAccount): Finding => {
  if (outcome === 'paused')
    return warning(
      `${apiId} is paused, so it was not asked: repeated bad logins may freeze an account`,
      `${apiId} 已暂停，因此未查询：多次登录失败可能导致账户被冻结`,
      todo('see the check accounts', '见检查项 accounts'),
    )
  if (outcome === 'unreadable')
    return failed(
      `the APIKEY of ${apiId} does not decrypt`,
      `${apiId} 的 APIKEY 无法解密`,
      todo('see "An unreadable value" in docs/operations.md', '见 docs/operations.zh-CN.md 的“无法读取的值”'),
    )
  switch (outcome.kind) {
    case 'not_found':
      return ok(
        `${apiId}: GetResult answers 4061 about an unknown serial, as it should, in ${durationMs} ms`,
        `${apiId}：GetResult 对未知流水号正确返回 4061，用时 ${durationMs} 毫秒`,
      )
    case 'account': {
      const [en, zh] = [describeFault(outcome.fault, 'en'), describeFault(outcome.fault, 'zh')]
      return failed(
        `${apiId}: ${en.sentence} (code ${outcome.code})`,
        `${apiId}：${zh.sentence}（返回码 ${outcome.code}）`,
        todo(en.remedy, zh.remedy),
      )
    }
    case 'transient': {
      const cause = [outcome.cause, outcome.detail ?? outcome.code]
        .filter(one => one !== null && one !== undefined)
        .join(': ')
      return failed(
        `${apiId}: GetResult gave no usable answer (${cause})`,
        `${apiId}：GetResult 未给出可用的响应（${cause}）`,
        OUTAGE,
      )
    }
    case 'throttled':
      return warning(
        `${apiId}: GetResult asks for fewer calls`,
        `${apiId}：GetResult 要求降低查询频率`,
        todo('lower UPSTREAM_RATE, or have the vendor allow more', '请调小 UPSTREAM_RATE，或向上游申请更高频率'),
      )
    default: {
      const code = `${outcome.kind}, ${outcome.code}`
      return warning(
        `${apiId}: GetResult knows the account, but answered otherwise than 4061 about an unknown serial (${code})`,
        `${apiId}：GetResult 认可该账户，但对未知流水号的响应不是 4061（${code}）`,
        todo('ask the vendor whether this has changed', '请向上游确认是否有变更'),
      )
    }
  }
}

export const checkUpstream = async ({ config, asked }: Desk): Promise<Finding | Finding[]> => {
  if (config === null) return NO_CONFIG
  const accounts = await asked()
  if (accounts.length === 0) return skipped('no account is known', '没有已知账户')
  return accounts.map(judgeAnswer)
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
const PROXY_MS = 5 * SECOND

/** @param callback null: none is set */
export const judgeProxies = ({
  callback,
  ignored,
}: {
  callback: { host: string; error: string | null } | null
  ignored: readonly string[]
}): Finding[] => {
  const findings: Finding[] = []
  if (callback !== null)
    findings.push(
      callback.error === null
        ? ok(`the proxy for callbacks, ${callback.host}, takes connections`, `回调代理 ${callback.host} 可以连接`)
        : failed(
            `the proxy for callbacks, ${callback.host}, takes no connection (${callback.error})`,
            `无法连接回调代理 ${callback.host}（${callback.error}）`,
            todo('see "A proxy that fails" in docs/operations.md', '见 docs/operations.zh-CN.md 的“代理故障”'),
          ),
    )
  if (ignored.length > 0)
    findings.push(
      warning(
        `${ignored.join(', ')} is set, and this service goes by CALLBACK_PROXY alone; GetResult is called directly`,
        `已设置 ${ignored.join('、')}，但本服务只使用 CALLBACK_PROXY；查询 GetResult 不经代理`,
        todo('set CALLBACK_PROXY, if callbacks must go through a proxy', '若回调须经代理，请设置 CALLBACK_PROXY'),
      ),
    )
  return findings.length > 0 ? findings : [ok('no proxy is set', '未设置代理')]
}

export const checkProxies = async ({ config, env }: Desk): Promise<Finding[]> => {
  const ignored = PROXY_VARIABLES.filter(name => env[name])
  const proxy = config?.callback.proxy ?? null
  if (proxy === null) return judgeProxies({ callback: null, ignored })
  const url = new URL(proxy.reveal())
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const error = await connectionError(url.hostname.replace(/^\[(.*)\]$/, '$1'), port)
  return judgeProxies({ callback: { host: `${url.hostname}:${port}`, error }, ignored })
}

/** Null: a connection was made. */
const connectionError = (host: string, port: number): Promise<string | null> =>
  new Promise(resolve => {
    const socket = connect({ host, port, timeout: PROXY_MS })
    const end = (error: string | null) => {
      socket.destroy()
      resolve(error)
    }
    socket.once('connect', () => end(null))
    socket.once('timeout', () => end('timeout'))
    socket.once('error', error => end(String(codeOf(error))))
  })
