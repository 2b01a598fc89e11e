import { codeOf } from '../core/error.ts'
import { nearestName } from '../core/nearest-name.ts'
import { operatorChannelOf } from '../core/operator-channel.ts'
import { createSigningKey } from '../core/signature.ts'
import type { Parsed } from './parsers.ts'
import type { Setting } from './setting.ts'
import { type Config, settingGroups } from './settings.ts'

export type Environment = Record<string, string | undefined>

/** Printed as `setting: message`. No message repeats a secret. */
interface Problem {
  setting: string
  message: string
}

export type ConfigResult<C> = { ok: true; config: C } | { ok: false; problems: readonly Problem[] }

/** What a command needs beyond the database. */
export type Need = 'database' | 'upstream'

/** The config of a command that needs the upstream account. */
export type UpstreamConfig = Config & {
  readonly upstream: { readonly [K in 'account' | 'apiKey']: NonNullable<Config['upstream'][K]> }
}

interface ReadConfigOptions<N extends Need> {
  need: N
  /** Returns the text of a file, or throws. */
  readFile: (path: string) => string
  /** A debugger can see all that this process does. */
  isDebugged?: boolean
}

type Draft = { [G in keyof Config]: Partial<Config[G]> }

const OUR_PREFIX = /^(CALLBACK|IHUYI|POLL|UPSTREAM)_/

const settings = settingGroups.flatMap(([, group]) => Object.values(group.settings))
const names = settings.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]))

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, text]) => text !== ''))

/** Reads all settings at once; an empty string counts as not set. */
export function readConfig(env: Environment, options: ReadConfigOptions<'upstream'>): ConfigResult<UpstreamConfig>
export function readConfig(env: Environment, options: ReadConfigOptions<Need>): ConfigResult<Config>
export function readConfig(env: Environment, options: ReadConfigOptions<Need>): ConfigResult<Config> {
  const { need, readFile, isDebugged = false } = options
  const given = withoutEmpty(env)
  const problems: Problem[] = []
  const draft: Record<string, Record<string, unknown>> = {}
  for (const [groupName, group] of settingGroups) {
    const values: Record<string, unknown> = {}
    for (const [key, setting] of Object.entries(group.settings)) {
      const read = readSetting(setting, given, { need, readFile })
      if (read.ok) values[key] = read.value
      else problems.push({ setting: read.from ?? setting.name, message: read.message })
    }
    draft[groupName] = values
  }
  // The table gives the config its type and contents. What did not parse is missing in the draft, and is a problem above.
  problems.push(
    ...contradictions(draft as Draft),
    ...unknownNames(given),
    ...unsafeEnvironment({ env: given, isDebugged }),
  )
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: draft as unknown as Config }
}

/** `from` is the name to blame if it is not the setting's own. */
type Read = Parsed<unknown> & { from?: string }

const readSetting = (setting: Setting, env: Environment, { need, readFile }: ReadConfigOptions<Need>): Read => {
  const fileSetting = `${setting.name}_FILE`
  const path = setting.secret ? env[fileSetting] : undefined
  if (path !== undefined) {
    if (env[setting.name] !== undefined)
      return { ok: false, message: `is set, and so is ${fileSetting}; keep one of them` }
    const file = readSecretFile(path, readFile)
    if (!file.ok) return { ...file, from: fileSetting }
    const parsed = setting.parse(file.value)
    return parsed.ok ? parsed : { ...parsed, from: fileSetting }
  }
  const text = env[setting.name] ?? setting.default
  if (text !== null) return setting.parse(text)
  return setting.neededFor === undefined || setting.neededFor !== need
    ? { ok: true, value: null }
    : { ok: false, message: `is not set; ${setting.en}` }
}

const readSecretFile = (path: string, readFile: (path: string) => string): Parsed<string> => {
  try {
    const text = readFile(path).replace(/\r?\n$/, '')
    return text === '' ? { ok: false, message: `the file ${JSON.stringify(path)} is empty` } : { ok: true, value: text }
  } catch (error) {
    return { ok: false, message: `cannot read the file ${JSON.stringify(path)} (${codeOf(error) ?? 'unreadable'})` }
  }
}

const contradictions = ({ polling, storage, operator }: Draft): Problem[] => {
  const problems: Problem[] = []
  if (polling.minMs !== undefined && polling.maxMs !== undefined && polling.minMs > polling.maxMs)
    problems.push({ setting: 'POLL_MIN_INTERVAL', message: 'is longer than POLL_MAX_INTERVAL; make it at most that' })
  if (storage.database?.kind === 'postgres' && storage.masterKey === null)
    problems.push({
      setting: 'MASTER_KEY',
      message: 'is not set, and PostgreSQL requires it, the same on all nodes; make one with: openssl rand -base64 32',
    })
  const { url, secret } = operator
  const isWebhook = url && operatorChannelOf(new URL(url.reveal())) === 'webhook'
  if (isWebhook && secret && createSigningKey(secret.reveal()) === null)
    problems.push({
      setting: 'OPERATOR_SECRET',
      message:
        'signs no webhook, which OPERATOR_URL takes; write whsec_ and the base64 of 24 to 64 bytes, such as from: echo whsec_$(openssl rand -base64 32)',
    })
  return problems
}

const unknownNames = (env: Environment): Problem[] =>
  Object.keys(env)
    .filter(name => OUR_PREFIX.test(name) && !names.includes(name))
    .map(name => ({ setting: name, message: `is not a setting; did you mean ${nearestName(name, names)}?` }))

/** Variables that make Node trust any certificate, or print what no log may hold. */
const unsafeEnvironment = ({ env, isDebugged }: { env: Environment; isDebugged: boolean }): Problem[] => {
  const problems: Problem[] = []
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    problems.push({
      setting: 'NODE_TLS_REJECT_UNAUTHORIZED',
      message: 'is 0, which accepts any certificate; remove it (NODE_EXTRA_CA_CERTS adds an authority of your own)',
    })
  if (env.NODE_DEBUG !== undefined)
    problems.push({ setting: 'NODE_DEBUG', message: 'is set, which prints URLs and headers; remove it' })
  if (/(^|\s)--inspect(-brk|-wait)?(=|\s|$)/.test(env.NODE_OPTIONS ?? ''))
    problems.push({ setting: 'NODE_OPTIONS', message: 'opens the debugger, which shows all secrets; remove --inspect' })
  else if (isDebugged)
    problems.push({ setting: '--inspect', message: 'opens the debugger, which shows all secrets; start without it' })
  return problems
}
