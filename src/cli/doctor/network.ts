import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { sendTestNotice } from '../../app/open-operator.ts'
import { SECOND } from '../../core/duration.ts'
import { codeOf } from '../../core/error.ts'
import { channelRemedy, describeFault } from '../../core/operator-texts/describe.ts'
import { originOf } from '../../core/origin.ts'
import { wrongClocks } from '../../store/stats/troubles.ts'
import { programCommand } from '../program.ts'
import type { AskedAccount } from './ask-accounts.ts'
import { judgeTrouble } from './database.ts'
import { type DoctorFacts, withConfig } from './facts.ts'
import { type Finding, failed, ok, skipped, warning } from './finding.ts'

export const checkDns = withConfig(async config => {
  const { hostname: host } = originOf(new URL(config.upstream.url))
  try {
    const { length } = await lookup(host, { all: true })
    return ok({
      en: `${host} has ${length} ${length === 1 ? 'address' : 'addresses'}`,
      zh: `${host} 有 ${length} 个地址`,
    })
  } catch (error) {
    return failed(
      { en: `${host} is not found by DNS (${codeOf(error)})`, zh: `DNS 无法解析 ${host}（${codeOf(error)}）` },
      {
        en: 'check the name servers of this machine',
        zh: '请检查本机的 DNS 服务器',
        command: `getent hosts ${host}`,
      },
    )
  }
})

export const judgeAnswer = ({
  apiId,
  outcome,
  durationMs,
}: Pick<AskedAccount, 'apiId' | 'outcome' | 'durationMs'>): Finding => {
  if (outcome === 'paused')
    return warning(
      { en: `${apiId} is paused, so it was not checked`, zh: `${apiId} 已暂停，因此未查询` },
      {
        en: 'the check "work" says why, and what to do',
        zh: '检查项 work 说明原因与处理办法',
        command: `${programCommand()} doctor --only work`,
      },
    )
  if (outcome === 'unreadable')
    return failed(
      { en: `the APIKEY of ${apiId} does not decrypt`, zh: `${apiId} 的 APIKEY 无法解密` },
      {
        en: 'see "An unreadable value" in docs/operations.md',
        zh: '见 docs/operations.zh-CN.md 的“无法读取的值”',
      },
    )
  switch (outcome.kind) {
    case 'not_found':
      return ok({
        en: `${apiId}: GetResult answers 4061 about an unknown serial, as expected, in ${durationMs} ms`,
        zh: `${apiId}：GetResult 对未知流水号正确返回 4061，用时 ${durationMs} 毫秒`,
      })
    case 'account': {
      const [en, zh] = [describeFault(outcome.fault, 'en'), describeFault(outcome.fault, 'zh')]
      const { code } = outcome
      return failed(
        { en: `${apiId}: ${en.sentence} (code ${code})`, zh: `${apiId}：${zh.sentence}（返回码 ${code}）` },
        {
          en: en.remedy,
          zh: zh.remedy,
        },
      )
    }
    case 'transient': {
      const cause = `${outcome.cause} ${outcome.detail ?? outcome.code ?? ''}`.trim()
      return failed(
        {
          en: `${apiId}: GetResult gave no usable answer (${cause})`,
          zh: `${apiId}：GetResult 未给出可用的响应（${cause}）`,
        },
        {
          en: 'see "An outage of GetResult" in docs/operations.md',
          zh: '见 docs/operations.zh-CN.md 的“GetResult 故障”',
        },
      )
    }
    case 'throttled':
      return warning(
        { en: `${apiId}: GetResult asks for fewer calls`, zh: `${apiId}：GetResult 要求降低查询频率` },
        {
          en: 'lower UPSTREAM_RATE, or have the vendor allow more',
          zh: '请调小 UPSTREAM_RATE，或向厂商申请更高频率',
        },
      )
    default:
      return warning(
        {
          en: `${apiId}: GetResult answered an unknown serial with something else than 4061 (${outcome.kind}, ${outcome.code})`,
          zh: `${apiId}：GetResult 对未知流水号的响应不是 4061（${outcome.kind}，${outcome.code}）`,
        },
        { en: 'ask the vendor whether this has changed', zh: '请向厂商确认是否有变更' },
      )
  }
}

/** @param aheadMs lead of GetResult's clock over this machine's, in ms; null: unknown */
export const judgeClock = (aheadMs: number | null, now: number): Finding => {
  if (aheadMs === null)
    return skipped({ en: 'GetResult gave no answer with a date', zh: '未得到带时间的 GetResult 响应' })
  const [wrong] = wrongClocks([{ name: hostname(), isLost: false, clockAheadMs: aheadMs }])
  if (wrong) return judgeTrouble(wrong, { at: now })
  const apart = Math.max(1, Math.round(Math.abs(aheadMs) / SECOND))
  return ok({
    en: `the clocks here and at GetResult agree to within ${apart} s`,
    zh: `本机与 GetResult 的时钟相差在 ${apart} 秒以内`,
  })
}

export const checkClock = async (facts: DoctorFacts): Promise<Finding> =>
  judgeClock((await facts.asked()).find(({ aheadMs }) => aheadMs !== null)?.aheadMs ?? null, facts.now)

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
const PROXY_MS = 5 * SECOND

export const checkProxies = async ({ config }: DoctorFacts): Promise<Finding[]> => {
  const ignored = PROXY_VARIABLES.filter(name => process.env[name])
  const findings: Finding[] = []
  const proxy = config?.callback.proxy?.reveal()
  if (proxy !== undefined) {
    const { host, hostname, port } = originOf(new URL(proxy))
    const error = await connectionError(hostname, port)
    findings.push(
      error === null
        ? ok({ en: `the proxy for callbacks, ${host}, takes connections`, zh: `回调代理 ${host} 可以连接` })
        : failed(
            {
              en: `the proxy for callbacks, ${host}, takes no connection (${error})`,
              zh: `无法连接回调代理 ${host}（${error}）`,
            },
            { en: 'see "A proxy that fails" in docs/operations.md', zh: '见 docs/operations.zh-CN.md 的“代理故障”' },
          ),
    )
  }
  if (ignored.length > 0)
    findings.push(
      warning(
        {
          en: `${ignored.join(', ')} is set, but this service uses only CALLBACK_PROXY; GetResult is called directly`,
          zh: `已设置 ${ignored.join('、')}，但本服务只使用 CALLBACK_PROXY；查询 GetResult 不经代理`,
        },
        { en: 'set CALLBACK_PROXY, if callbacks must go through a proxy', zh: '若回调须经代理，请设置 CALLBACK_PROXY' },
      ),
    )
  return findings.length > 0 ? findings : [ok({ en: 'no proxy is set', zh: '未设置代理' })]
}

/** Returns the error code of a connection, or null if it succeeds. */
const connectionError = async (host: string, port: number): Promise<string | null> => {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PROXY_MS) })
    return null
  } catch (error) {
    return String(codeOf(error))
  } finally {
    socket.destroy()
  }
}

/** @param told result of a test notice; null: none was sent */
export const judgeOperator = (host: string | null, told: Awaited<ReturnType<typeof sendTestNotice>>): Finding => {
  const command = `${programCommand()} notify-test`
  if (host === null)
    return warning(
      {
        en: 'OPERATOR_URL is not set: nobody is notified when something goes wrong',
        zh: '未设置 OPERATOR_URL：出问题时不会通知任何人',
      },
      {
        en: 'set it to the webhook address of a robot, then try it',
        zh: '请设为群机器人的 webhook 地址，再试发',
        command,
      },
    )
  if (told === null)
    return ok({
      en: `notices go to ${host}; --deep sends a test there`,
      zh: `运维通知发往 ${host}；加 --deep 会试发一条`,
    })
  const { channel, answer } = told
  if (answer.kind === 'told')
    return ok({ en: `${channel} at ${host} has taken a test`, zh: `${channel}（${host}）已接收测试消息` })
  const problem = answer.kind === 'refused' ? answer.problem : 'later'
  return failed(
    {
      en: `${channel} at ${host} did not take a test (${answer.code})`,
      zh: `${channel}（${host}）未接收测试消息（${answer.code}）`,
    },
    { en: channelRemedy(problem, 'en'), zh: channelRemedy(problem, 'zh'), command },
  )
}

export const checkOperator = withConfig(async ({ operator }, { deep, offline, inspection, now }) => {
  const told = deep && !offline ? await sendTestNotice(operator) : null
  const stats = (await inspection?.age()) === 'current' ? await inspection?.stats() : null
  if (operator.url && told === null && stats?.refusingChannel)
    return judgeTrouble({ code: 'operators_not_told', ...stats.refusingChannel }, { at: now })
  return judgeOperator(operator.url && new URL(operator.url.reveal()).host, told)
})
