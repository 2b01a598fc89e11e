import { isIP } from 'node:net'
import { operatorChannelOf } from '../core/operator-channel.ts'
import { Secret } from '../core/secret.ts'
import type { Parser } from './parsers.ts'

/** `path` is absolute or relative to the working folder; `url` may hold a password. */
export type Database = { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: Secret }

/** Returns null if the text is no absolute URL of HTTP or HTTPS. */
const httpUrl = (text: string): URL | null => (/^https?:\/\//i.test(text) ? URL.parse(text) : null)

const hasCredentials = ({ username, password }: URL): boolean => username !== '' || password !== ''

const isLoopback = (hostname: string): boolean => {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) !== 0 && (address === '::1' || address.startsWith('127.'))
}

/** `https:`, or `http:` to a literal loopback address (a simulator on this machine). */
export const upstreamUrl: Parser<string> = {
  must: {
    en: 'must be https://HOST/PATH (http:// only for 127.0.0.1 or [::1]), without credentials, which IHUYI_ACCOUNT and IHUYI_API_KEY hold',
    zh: '格式须为 https://主机/路径（只有 127.0.0.1 或 [::1] 可用 http://），且不含账号密码，后者请写入 IHUYI_ACCOUNT 和 IHUYI_API_KEY',
  },
  parse: text => {
    const url = httpUrl(text)
    if (!url || hasCredentials(url)) return null
    return url.protocol === 'https:' || isLoopback(url.hostname) ? url.href : null
  },
}

/** The base URL, to which `v1/traces` is appended. */
export const collectorUrl: Parser<string> = {
  must: {
    en: 'must be the URL of a collector, http://HOST:4318 or https://HOST; credentials go into OTEL_EXPORTER_OTLP_HEADERS',
    zh: '须为收集器的 URL，格式为 http://主机:4318 或 https://主机；账号密码请写入 OTEL_EXPORTER_OTLP_HEADERS',
  },
  parse: text => {
    const url = httpUrl(text)
    if (url?.search !== '' || url.hash !== '' || hasCredentials(url)) return null
    return url.href.replace(/\/$/, '')
  },
}

/** The URL of a robot contains its key, so it is a secret and must not be sent in the clear. */
export const operatorUrl: Parser<Secret> = {
  must: {
    en: 'must be the webhook address of a robot, complete and with https://, which protects the key in it, or another URL without a user',
    zh: '须为机器人的 webhook 地址（其中含有密钥，须以 https:// 开头），或其他不含账号密码的完整 URL',
  },
  parse: text => {
    const url = httpUrl(text)
    if (url?.hash !== '' || hasCredentials(url)) return null
    return url.protocol === 'https:' || operatorChannelOf(url) === 'webhook' ? new Secret(url.href) : null
  },
}

/** Ends in `/console`. In a link of a chat, it needs no escaping. */
export const consoleUrl: Parser<string> = {
  must: {
    en: 'must be the address of the console as browsers reach it, https://HOST/console (or http://), without query or user',
    zh: '须为浏览器访问控制台所用的地址，格式为 https://主机/console（或 http://），不含查询参数和账号密码',
  },
  parse: text => {
    const url = httpUrl(text)
    const isPlain = /^https?:\/\/[\w.:[\]-]{1,260}(\/[\w.~-]{1,50}){0,4}\/console\/?$/.test(url?.href ?? '')
    return isPlain && url ? url.href.replace(/\/$/, '') : null
  },
}

/** Returns the address of the service, which the console is below. */
export const serviceUrlOf = (url: string | null): string | null => url?.slice(0, -'/console'.length) ?? null

/** Whether user and password fit Basic authentication, in which the first colon ends the user. */
const areCredentials = ({ username, password }: URL): boolean => {
  try {
    return /^[^:\p{Cc}]*$/u.test(decodeURIComponent(username)) && /^\P{Cc}*$/u.test(decodeURIComponent(password))
  } catch {
    return false
  }
}

export const proxyUrl: Parser<Secret> = {
  must: {
    en: 'must be http://HOST:PORT or https://HOST:PORT, with special characters of a user and a password percent-encoded (%25 for %)',
    zh: '格式须为 http://主机:端口 或 https://主机:端口，用户名和密码中的特殊字符须作百分号编码（如 % 写作 %25）',
  },
  parse: text => {
    const url = httpUrl(text)
    const isProxy = url?.pathname === '/' && url.search === '' && url.hash === '' && areCredentials(url)
    return isProxy ? new Secret(url.href) : null
  },
}

/** With TLS, certificate and host are always verified except by `no-verify`; libpq's weaker modes would verify less. */
const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const LIKE_VERIFY_FULL = /([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/

const readPostgres = (text: string): Database | null => {
  const mode = URL.parse(text)?.searchParams.get('sslmode')
  if (mode === undefined || (mode !== null && !TLS_MODES.includes(mode))) return null
  return { kind: 'postgres', url: new Secret(text.replace(LIKE_VERIFY_FULL, '$1verify-full')) }
}

export const databaseUrl: Parser<Database> = {
  must: {
    en: `must be file:PATH for SQLite, without options, or postgres://USER:PASSWORD@HOST/NAME, with special characters of the password percent-encoded (%40 for @), and an sslmode, if any, of ${TLS_MODES.join(', ')}`,
    zh: `的格式：SQLite 为 file:路径（不带参数）；PostgreSQL 为 postgres://用户:密码@主机/库名，密码中的特殊字符须作百分号编码（如 @ 写作 %40），sslmode 可省略或为 ${TLS_MODES.join('、')}`,
  },
  parse: text => {
    if (/^postgres(ql)?:\/\//.test(text)) return readPostgres(text)
    const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1]
    if (path === undefined || path.startsWith('//') || path === ':memory:' || /[?#]/.test(path)) return null
    return { kind: 'sqlite', path }
  },
}
