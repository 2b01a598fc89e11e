import { readFileSync } from 'node:fs'
import { url as debuggerUrl } from 'node:inspector'
import { DAY, MINUTE } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { nearestName } from '../core/nearest-name.ts'
import { isChineseRobot, operatorChannelOf } from '../core/operator-channel.ts'
import { createSigningKey } from '../core/signature.ts'
import type { Setting } from './setting.ts'
import { type Config, settingGroups } from './settings.ts'

export type Environment = Record<string, string | undefined>

/** `message` follows the name of the setting and a colon. It never repeats a secret. */
export interface Problem {
  setting: string
  message: Words
}

export type ConfigResult<C> = { ok: true; config: C } | { ok: false; problems: readonly Problem[] }

/** Settings that a command needs: of the database, or of the upstream account too. */
export type Need = 'database' | 'upstream'

/** The config of a command that needs the upstream account. */
export type UpstreamConfig = Config & {
  readonly upstream: { readonly [K in 'account' | 'apiKey']: NonNullable<Config['upstream'][K]> }
}

type Draft = { [G in keyof Config]: Partial<Config[G]> }

const OUR_PREFIX = /^(CALLBACK|IHUYI|POLL|UPSTREAM)_/
/** A variable that the partners' pages export, perhaps in the same shell. */
const PARTNERS_OWN = 'CALLBACK_URL'

const settings = settingGroups.flatMap(([, group]) => Object.values(group.settings))
const names = settings.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]))

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, text]) => text !== ''))

/**
 * Reads all settings at once; an empty string counts as not set.
 *
 * @param isDebugged whether a debugger can inspect this process
 */
export function readConfig(env: Environment, need: 'upstream', isDebugged?: boolean): ConfigResult<UpstreamConfig>
export function readConfig(env: Environment, need: Need, isDebugged?: boolean): ConfigResult<Config>
export function readConfig(
  env: Environment,
  need: Need,
  isDebugged = debuggerUrl() !== undefined,
): ConfigResult<Config> {
  const given = withoutEmpty(env)
  const problems: Problem[] = []
  const draft: Record<string, Record<string, unknown>> = {}
  for (const [groupName, group] of settingGroups) {
    const values: Record<string, unknown> = {}
    for (const [key, setting] of Object.entries(group.settings)) {
      const read = readSetting(setting, given, need)
      if ('value' in read) values[key] = read.value
      else problems.push(read)
    }
    draft[groupName] = values
  }
  const { url } = (draft as Draft).operator
  if (given.OPERATOR_LANGUAGE === undefined && url && isChineseRobot(new URL(url.reveal())))
    draft.operator = { ...draft.operator, language: 'zh' }
  // The table determines the type and contents of the config. A value that did not parse is missing in the draft, and
  // is a problem above.
  problems.push(...contradictions(draft as Draft), ...unknownNames(given), ...unsafeEnvironment(given, isDebugged))
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: draft as unknown as Config }
}

const problem = (setting: string, message: Words): Problem => ({ setting, message })

const readSetting = (
  { name, parser, default: text, secret, neededFor, en, zh }: Setting,
  env: Environment,
  need: Need,
): { value: unknown } | Problem => {
  const fileSetting = `${name}_FILE`
  const path = secret ? env[fileSetting] : undefined
  if (path !== undefined && env[name] !== undefined)
    return problem(name, {
      en: `is set, and so is ${fileSetting}; keep one of them`,
      zh: `与 ${fileSetting} 同时设置了；只保留其一`,
    })
  const given = path === undefined ? (env[name] ?? text) : readSecretFile(fileSetting, path)
  if (given === null)
    return neededFor === need ? problem(name, { en: `is not set; ${en}`, zh: `未设置；${zh}` }) : { value: null }
  if (typeof given !== 'string') return given
  const from = path === undefined ? name : fileSetting
  if (/^(["']).*\1$/s.test(given))
    return problem(from, {
      en: 'is in quotes, which belong to the value here; remove them',
      zh: '两端有引号，会被当作值的一部分；请去掉',
    })
  if (/^your-/i.test(given))
    return problem(from, {
      en: 'is the placeholder of the documents; write your own',
      zh: '仍是文档中的占位文字；请改为实际的值',
    })
  const value = parser.parse(given)
  return value === null ? { setting: from, message: parser.must } : { value }
}

const readSecretFile = (setting: string, path: string): string | Problem => {
  const file = JSON.stringify(path)
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    return text === '' ? problem(setting, { en: `the file ${file} is empty`, zh: `文件 ${file} 为空` }) : text
  } catch (error) {
    const why = codeOf(error) ?? 'unreadable'
    return problem(setting, { en: `cannot read the file ${file} (${why})`, zh: `无法读取文件 ${file}（${why}）` })
  }
}

function* contradictions({ polling, storage, operator }: Draft): Generator<Problem> {
  if (polling.minMs !== undefined && polling.maxMs !== undefined && polling.minMs > polling.maxMs)
    yield problem('POLL_MIN_INTERVAL', {
      en: 'is longer than POLL_MAX_INTERVAL; make it at most that',
      zh: '大于 POLL_MAX_INTERVAL；不得超过它',
    })
  if (storage.database?.kind === 'postgres' && storage.masterKey === null)
    yield problem('MASTER_KEY', {
      en: 'is not set, and PostgreSQL requires it, the same on all nodes; generate one with: openssl rand -base64 32',
      zh: '未设置，而使用 PostgreSQL 时必须设置，且各节点须相同；可用 openssl rand -base64 32 生成',
    })
  const { url, secret } = operator
  const isWebhook = url && operatorChannelOf(new URL(url.reveal())) === 'webhook'
  if (isWebhook && secret && createSigningKey(secret.reveal()) === null)
    yield problem('OPERATOR_SECRET', {
      en: 'cannot sign webhooks; write whsec_ and the base64 of 24 to 64 bytes, such as from: echo whsec_$(openssl rand -base64 32)',
      zh: '无法用于 webhook 签名；格式为 whsec_ 加 24 至 64 字节的 base64，可用 echo whsec_$(openssl rand -base64 32) 生成',
    })
}

const MIN_TOKEN_LENGTH = 16

/** Yields settings that are valid but probably a mistake: the start and `doctor` warn of them. */
export function* doubtsOf({ storage, polling, server, operator }: Config): Generator<Problem> {
  if (storage.retentionMs < DAY)
    yield problem('RETENTION', {
      en: 'is under a day: after it, finished registrations are erased',
      zh: '不足一天：已结束的登记到期即删除',
    })
  if (polling.registrationTtlMs < MINUTE)
    yield problem('REGISTRATION_TTL', {
      en: 'is under a minute: too short for a check',
      zh: '不足一分钟：来不及完成核验',
    })
  if ((server.metricsToken?.reveal().length ?? MIN_TOKEN_LENGTH) < MIN_TOKEN_LENGTH)
    yield problem('METRICS_TOKEN', { en: 'can be guessed: make it longer', zh: '过短，容易被猜出：请加长' })
  const isRobot = operator.url && operatorChannelOf(new URL(operator.url.reveal())) !== 'webhook'
  if (isRobot && operator.secret?.reveal().startsWith('whsec_'))
    yield problem('OPERATOR_SECRET', {
      en: 'is a secret for webhooks, but OPERATOR_URL is a robot',
      zh: '是 webhook 的密钥，而 OPERATOR_URL 是机器人',
    })
  if (operator.daily !== null && !operator.url)
    yield problem('OPERATOR_DAILY', {
      en: 'has no effect without OPERATOR_URL: no report is sent',
      zh: '未设置 OPERATOR_URL，不会发送简报',
    })
}

function* unknownNames(env: Environment): Generator<Problem> {
  for (const name of Object.keys(env)) {
    if (!OUR_PREFIX.test(name) || names.includes(name) || name === PARTNERS_OWN) continue
    const nearest = nearestName(name, names)
    yield problem(name, {
      en: `is not a setting; did you mean ${nearest}?`,
      zh: `没有这个配置项，是否想用 ${nearest}？`,
    })
  }
}

/** Yields settings of Node that trust any certificate, or expose data that no log may hold. */
function* unsafeEnvironment(env: Environment, isDebugged: boolean): Generator<Problem> {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    yield problem('NODE_TLS_REJECT_UNAUTHORIZED', {
      en: 'is 0, which accepts any certificate; remove it (NODE_EXTRA_CA_CERTS adds an authority of your own)',
      zh: '为 0，会接受任何证书；请移除（自有 CA 可用 NODE_EXTRA_CA_CERTS 添加）',
    })
  if (env.NODE_DEBUG !== undefined)
    yield problem('NODE_DEBUG', {
      en: 'is set, which prints URLs and headers; remove it',
      zh: '已设置，会打印 URL 和请求头；请移除',
    })
  const opensDebugger = /(^|\s)--inspect(-brk|-wait)?(=|\s|$)/.test(env.NODE_OPTIONS ?? '')
  if (opensDebugger || isDebugged)
    yield problem(opensDebugger ? 'NODE_OPTIONS' : '--inspect', {
      en: 'opens the debugger, which shows all secrets; remove --inspect',
      zh: '会打开调试器，暴露全部密钥；请移除 --inspect',
    })
}
