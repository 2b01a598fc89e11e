import { BlockList, isIP } from 'node:net'
import { operatorChannelOf } from '../core/operator-channel.ts'
import { Secret } from '../core/secret.ts'
import { type Parser, refuse } from './parsers.ts'

/** `path` is absolute or relative to the working folder; `url` may hold a password. */
export type Database = { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: Secret }

// Any of these URLs may hold a password, so no message repeats one.

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

const isLoopback = (hostname: string): boolean => {
  const address = hostname.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  return version !== 0 && LOOPBACK.check(address, `ipv${version as 4 | 6}`)
}

/** `https:`, or `http:` to a literal loopback address (a simulator on this machine). */
export const upstreamUrl: Parser<string> = text => {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text))
    return refuse('is not an absolute URL; write https://HOST/PATH', '不是完整的 URL；格式为 https://主机/路径')
  if (url.username || url.password)
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

/** Partners put it before `/v1/…`, so it ends without a slash, and paste it into a shell, so nothing that a shell reads otherwise is in it. */
export const publicUrl: Parser<string> = text => {
  const url = URL.parse(text)
  const isBare = url?.href === `${url?.origin}${url?.pathname}` && /^[\w.~/-]*$/.test(url.pathname)
  if (!url || !isBare || !/^https?:\/\//i.test(text))
    return refuse(
      'is not the address of this service; write https://HOST or https://HOST/PREFIX',
      '不是本服务的地址；格式为 https://主机 或 https://主机/前缀',
    )
  return { ok: true, value: url.href.replace(/\/+$/, '') }
}

/** The base that `v1/traces` and the like follow. */
export const collectorUrl: Parser<string> = text => {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text) || url.search !== '' || url.hash !== '')
    return refuse(
      'is not the URL of a collector; write http://HOST:4318 or https://HOST',
      '不是收集器的 URL；格式为 http://主机:4318 或 https://主机',
    )
  return url.username || url.password
    ? refuse(
        'has credentials in it; put them into OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Basic%20…',
        '含有账号密码；请改用 OTEL_EXPORTER_OTLP_HEADERS，例如 authorization=Basic%20…',
      )
    : { ok: true, value: url.href.replace(/\/$/, '') }
}

/** The URL of a robot holds its key, so it is a secret and not sent in the clear. */
export const operatorUrl: Parser<Secret> = text => {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text) || url.hash !== '')
    return refuse(
      'is not an absolute URL; copy the webhook address of the robot, or write https://HOST/PATH',
      '不是完整的 URL；请复制机器人的 webhook 地址，或写成 https://主机/路径',
    )
  if (url.username || url.password)
    return refuse(
      'has credentials in it, which would not be sent; remove them',
      '含有账号密码，而它们不会被发送；请删去',
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
  const url = URL.parse(text)
  const bare = url?.pathname === '/' && url.search === '' && url.hash === ''
  if (!bare || !/^https?:\/\//i.test(text))
    return refuse(
      'is not the URL of a proxy; write http://HOST:PORT or https://HOST:PORT',
      '不是代理的 URL；格式为 http://主机:端口 或 https://主机:端口',
    )
  return areCredentials(url)
    ? { ok: true, value: new Secret(url.href) }
    : refuse(
        'has a user or a password that cannot be read; percent-encode what is special in them, such as %25 for %, and no colon in the user',
        '的用户名或密码无法解析；特殊字符须作百分号编码（如 % 写作 %25），用户名不能含冒号',
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
  if (path === undefined || path.startsWith('//'))
    return refuse(
      'is not a database; write file:PATH for SQLite, or postgres://USER:PASSWORD@HOST/NAME',
      '不是数据库；SQLite 写 file:路径，PostgreSQL 写 postgres://用户:密码@主机/库名',
    )
  if (path === ':memory:') return refuse('would keep nothing; write file:PATH', '不会保存任何数据；请写 file:路径')
  return /[?#]/.test(path)
    ? refuse('has options after the path; write file:PATH and nothing more', '路径之后带有参数；只写 file:路径')
    : { ok: true, value: { kind: 'sqlite', path } }
}
