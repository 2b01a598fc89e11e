import { isIP } from 'node:net'
import { operatorChannelOf } from '../core/operator-channel.ts'
import { Secret } from '../core/secret.ts'
import { type Parser, refuse } from './parsers.ts'

/** `path` is absolute or relative to the working folder; `url` may hold a password. */
export type Database = { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: Secret }

// Any of these URLs may hold a password, so no message repeats one.

/** Null: it is no absolute URL of HTTP. */
const httpUrl = (text: string): URL | null => (/^https?:\/\//i.test(text) ? URL.parse(text) : null)

const hasCredentials = ({ username, password }: URL): boolean => username !== '' || password !== ''

const isLoopback = (hostname: string): boolean => {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) !== 0 && (address === '::1' || address.startsWith('127.'))
}

/** `https:`, or `http:` to a literal loopback address (a simulator on this machine). */
export const upstreamUrl: Parser<string> = text => {
  const url = httpUrl(text)
  if (!url) return refuse('is not an absolute URL; write https://HOST/PATH', '不是完整的 URL；格式为 https://主机/路径')
  if (hasCredentials(url))
    return refuse(
      'has credentials in it; put them into IHUYI_ACCOUNT and IHUYI_API_KEY',
      '含有账号密码；请改用 IHUYI_ACCOUNT 和 IHUYI_API_KEY',
    )
  return url.protocol === 'https:' || isLoopback(url.hostname)
    ? { ok: true, value: url.href }
    : refuse(
        'must begin with https:// (http:// only for 127.0.0.1 or [::1])',
        '须以 https:// 开头（只有 127.0.0.1 或 [::1] 可用 http://）',
      )
}

/** The base that `v1/traces` follows. Credentials would be in its errors: OTEL_EXPORTER_OTLP_HEADERS is for them. */
export const collectorUrl: Parser<string> = text => {
  const url = httpUrl(text)
  return url?.search !== '' || url.hash !== '' || hasCredentials(url)
    ? refuse(
        'is not the URL of a collector; write http://HOST:4318 or https://HOST, and credentials into OTEL_EXPORTER_OTLP_HEADERS',
        '不是收集器的 URL；格式为 http://主机:4318 或 https://主机，账号密码请写入 OTEL_EXPORTER_OTLP_HEADERS',
      )
    : { ok: true, value: url.href.replace(/\/$/, '') }
}

/** The URL of a robot holds its key, so it is a secret and not sent in the clear. */
export const operatorUrl: Parser<Secret> = text => {
  const url = httpUrl(text)
  if (url?.hash !== '' || hasCredentials(url))
    return refuse(
      'is not an absolute URL without a user; copy the webhook address of the robot, or write https://HOST/PATH',
      '不是完整且不含账号密码的 URL；请复制机器人的 webhook 地址，或写成 https://主机/路径',
    )
  return url.protocol === 'https:' || operatorChannelOf(url) === 'webhook'
    ? { ok: true, value: new Secret(url.href) }
    : refuse(
        'must begin with https://, because the address of a robot holds its key',
        '须以 https:// 开头，因为机器人地址中含有密钥',
      )
}

/** For Basic authentication, which ends the user at the first colon. */
const areCredentials = ({ username, password }: URL): boolean => {
  try {
    return /^[^:\p{Cc}]*$/u.test(decodeURIComponent(username)) && /^\P{Cc}*$/u.test(decodeURIComponent(password))
  } catch {
    return false
  }
}

export const proxyUrl: Parser<Secret> = text => {
  const url = httpUrl(text)
  return url?.pathname === '/' && url.search === '' && url.hash === '' && areCredentials(url)
    ? { ok: true, value: new Secret(url.href) }
    : refuse(
        'is not the URL of a proxy; write http://HOST:PORT or https://HOST:PORT, with special characters of a user and a password percent-encoded (%25 for %)',
        '不是代理的 URL；格式为 http://主机:端口 或 https://主机:端口，用户名和密码中的特殊字符须作百分号编码（如 % 写作 %25）',
      )
}

/** With TLS the certificate and its host are always looked at, but for `no-verify`. libpq's weaker modes would look at less. */
const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const LIKE_VERIFY_FULL = /([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/

const postgresUrl: Parser<Database> = text => {
  const url = URL.parse(text)
  if (!url)
    return refuse(
      'cannot be read as a URL; percent-encode what is special in the password, such as %40 for @',
      '无法按 URL 解析；密码中的特殊字符须作百分号编码（如 @ 写作 %40）',
    )
  const mode = url.searchParams.get('sslmode')
  return mode === null || TLS_MODES.includes(mode)
    ? { ok: true, value: { kind: 'postgres', url: new Secret(text.replace(LIKE_VERIFY_FULL, '$1verify-full')) } }
    : refuse(
        `has an unknown sslmode; it is one of ${TLS_MODES.join(', ')}`,
        `的 sslmode 无效；可用值：${TLS_MODES.join('、')}`,
      )
}

export const databaseUrl: Parser<Database> = text => {
  if (/^postgres(ql)?:\/\//.test(text)) return postgresUrl(text)
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1]
  return path === undefined || path.startsWith('//') || path === ':memory:' || /[?#]/.test(path)
    ? refuse(
        'is not a database; write file:PATH for SQLite, without options, or postgres://USER:PASSWORD@HOST/NAME',
        '不是数据库；SQLite 写 file:路径（不带参数），PostgreSQL 写 postgres://用户:密码@主机/库名',
      )
    : { ok: true, value: { kind: 'sqlite', path } }
}
