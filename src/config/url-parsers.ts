import { BlockList, isIP } from 'node:net'
import { operatorChannelOf } from '../core/operator-channel.ts'
import { Secret } from '../core/secret.ts'
import type { Parsed, Parser } from './parsers.ts'

/** `path` is absolute or relative to the working folder; `url` may hold a password. */
export type Database = { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: Secret }

// Any of these URLs may hold a password, so no message repeats one.
const refuse = (message: string): Parsed<never> => ({ ok: false, message })

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
  if (!url || !/^https?:\/\//i.test(text)) return refuse('is not an absolute URL; write https://HOST/PATH')
  if (url.username || url.password)
    return refuse('has credentials in it; put them into IHUYI_ACCOUNT and IHUYI_API_KEY')
  return url.protocol === 'https:' || isLoopback(url.hostname)
    ? { ok: true, value: url.href }
    : refuse('must begin with https:// (http:// only for 127.0.0.1 or [::1])')
}

/** Partners put it before `/v1/…`, so it ends without a slash. */
export const publicUrl: Parser<string> = text => {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text) || url.search !== '' || url.hash !== '' || url.username || url.password)
    return refuse('is not the address of this service; write https://HOST or https://HOST/PREFIX')
  return { ok: true, value: url.href.replace(/\/+$/, '') }
}

/** The base that `v1/traces` and the like follow. */
export const collectorUrl: Parser<string> = text => {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text) || url.search !== '' || url.hash !== '')
    return refuse('is not the URL of a collector; write http://HOST:4318 or https://HOST')
  return url.username || url.password
    ? refuse('has credentials in it; put them into OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Basic%20…')
    : { ok: true, value: url.href.replace(/\/$/, '') }
}

/** The URL of a robot holds its key, so it is a secret and not sent in the clear. */
export const operatorUrl: Parser<Secret> = text => {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text) || url.hash !== '')
    return refuse('is not an absolute URL; copy the webhook address of the robot, or write https://HOST/PATH')
  if (url.username || url.password) return refuse('has credentials in it, which would not be sent; remove them')
  return url.protocol === 'https:' || operatorChannelOf(url) === 'webhook'
    ? { ok: true, value: new Secret(url.href) }
    : refuse('must begin with https://, because the address of a robot holds its key')
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
    return refuse('is not the URL of a proxy; write http://HOST:PORT or https://HOST:PORT')
  return areCredentials(url)
    ? { ok: true, value: new Secret(url.href) }
    : refuse(
        'has a user or a password that cannot be read; percent-encode what is special in them, such as %25 for %, and no colon in the user',
      )
}

export const databaseUrl: Parser<Database> = text => {
  if (/^postgres(ql)?:\/\//.test(text))
    return URL.canParse(text)
      ? { ok: true, value: { kind: 'postgres', url: new Secret(text) } }
      : refuse('cannot be read as a URL; percent-encode what is special in the password, such as %40 for @')
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1]
  if (path === undefined || path.startsWith('//'))
    return refuse('is not a database; write file:PATH for SQLite, or postgres://USER:PASSWORD@HOST/NAME')
  if (path === ':memory:') return refuse('would keep nothing; write file:PATH')
  return /[?#]/.test(path)
    ? refuse('has options after the path; write file:PATH and nothing more')
    : { ok: true, value: { kind: 'sqlite', path } }
}
