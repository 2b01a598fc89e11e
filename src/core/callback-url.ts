import { isIP } from 'node:net'
import { domainToUnicode } from 'node:url'
import { createNetworks, judgeAddress, type Network, type Networks } from './address.ts'
import type { Words } from './language.ts'
import { type Origin, originOf } from './origin.ts'

/** A URL that may be called, in its parts. It has no fragment, which would never be sent. */
export interface CallbackUrl extends Origin {
  /** Normalised: two callback URLs are the same if this is. */
  href: string
  origin: string
  /** Path and query. */
  path: string
  isLiteral: boolean
}

export interface UrlPolicy {
  allowHttp: boolean
  allowed: Networks
  /** Whether the URL is not registered yet: only then a placeholder is refused. */
  isNew?: boolean
}

/** `message` states the requirement, and no more than the partner may know. */
export type UrlVerdict = { ok: true; url: CallbackUrl } | { ok: false; refusal: UrlRefusal; message: Words }

export const MAX_URL = 2048
const MAX_NAME_LENGTH = 253

/** Ports from 1024 up that fetch blocks: another protocol may listen. https://fetch.spec.whatwg.org/#port-blocking */
const BAD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])

/**
 * Names that have a meaning only inside a network, or that must not be resolved by DNS. `.test`, `.example` and
 * `.invalid` are missing because they reach nothing anyway and examples use them.
 */
const SPECIAL_USE =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa|onion|alt|consul|cluster)$/

// One message for every blocked target, so that it reveals nothing about our network.
const NOT_PUBLIC = {
  en: 'must lead to a public address: private, loopback and reserved ones are refused',
  zh: '必须指向公网地址，不支持内网、环回和保留地址',
}
const NOT_LOCALHOST = {
  en: 'must name the address: write 127.0.0.1 instead of localhost',
  zh: '不支持 localhost，请改用 127.0.0.1',
}

/** The requirement to name for each refusal. */
const MESSAGES = {
  not_text: () => ({ en: 'must be a URL', zh: '必须是 URL' }),
  too_long: () => ({
    en: `must have at most ${MAX_URL} characters, and once encoded too`,
    zh: `不能超过 ${MAX_URL} 个字符，编码后也不能超过`,
  }),
  characters: () => ({
    en: 'must have no spaces, control characters or backslashes',
    zh: '不能含有空格、控制字符或反斜杠',
  }),
  placeholder: () => ({
    en: 'must be the whole URL: {…} is not filled in; data of your own comes back in metadata',
    zh: '必须是完整的 URL：{…} 不会被替换；自有数据请放入 metadata，会在回调中带回',
  }),
  scheme: ({ allowHttp }) => ({
    en: `must start with https://${allowHttp ? ' or http://' : ''}`,
    zh: `必须以 https://${allowHttp ? ' 或 http://' : ''} 开头`,
  }),
  credentials: () => ({ en: 'must have no user name or password', zh: '不能含有用户名或密码' }),
  syntax: () => ({ en: 'must be a valid URL with a host', zh: '必须是含主机名的有效 URL' }),
  name: () => ({
    en: 'must have a full host name: letters, digits and hyphens, with a dot, such as hooks.example.com',
    zh: '必须是完整的主机名：由字母、数字和连字符组成，且含点号，例如 hooks.example.com',
  }),
  special_use: () => NOT_PUBLIC,
  address: () => NOT_PUBLIC,
  port: ({ allowHttp }) => ({
    en: `must use port 443${allowHttp ? ' for https, 80 for http,' : ''} or one from 1024 up that browsers allow`,
    zh: `必须使用 443 端口${allowHttp ? '（https）、80 端口（http）' : ''}，或 1024 及以上且浏览器允许的端口`,
  }),
} satisfies Record<string, (policy: UrlPolicy) => Words>

type UrlRefusal = keyof typeof MESSAGES

const refuse = (refusal: UrlRefusal, policy: UrlPolicy) => ({
  ok: false as const,
  refusal,
  message: MESSAGES[refusal](policy),
})

/** An `xn--` label that is not valid punycode passes `new URL`, and the decoder returns it unchanged. */
const isLabel = (label: string): boolean =>
  /^[a-z0-9-]{1,63}$/.test(label) && (!label.startsWith('xn--') || domainToUnicode(label) !== label)

const isName = (name: string): boolean => {
  const labels = name.split('.')
  return (
    name.length <= MAX_NAME_LENGTH && labels.length >= 2 && labels.every(isLabel) && /[a-z]/.test(labels.at(-1) ?? '')
  )
}

const judgeName = (name: string, policy: UrlPolicy): UrlVerdict | null => {
  if (!SPECIAL_USE.test(name)) return isName(name) ? null : refuse('name', policy)
  // Refused even if loopback is allowed: only DNS knows where a name leads, and DNS is not asked for this one.
  const isForDeveloper = name === 'localhost' && judgeAddress('127.0.0.1', policy.allowed).ok
  return { ...refuse('special_use', policy), ...(isForDeveloper && { message: NOT_LOCALHOST }) }
}

/** Any port inside the operator's own networks; elsewhere only ports where HTTP is to be expected. */
const isPortAllowed = (
  { protocol, hostname, port, isLiteral }: Pick<CallbackUrl, 'protocol' | 'hostname' | 'port' | 'isLiteral'>,
  policy: UrlPolicy,
): boolean => {
  if (port === (protocol === 'https:' ? 443 : 80) || (port >= 1024 && !BAD_PORTS.has(port))) return true
  return isLiteral && port > 0 && policy.allowed.contains(hostname, isIP(hostname) === 4 ? 'ipv4' : 'ipv6')
}

const partsOf = (url: URL): CallbackUrl => {
  const { href, origin, pathname, search } = url
  const target = originOf(url)
  return { ...target, href, origin, path: pathname + search, isLiteral: isIP(target.hostname) !== 0 }
}

const judgeParsed = (url: CallbackUrl, policy: UrlPolicy): UrlVerdict => {
  if (url.href.length > MAX_URL) return refuse('too_long', policy)
  if (!url.isLiteral) {
    const refusal = judgeName(url.hostname, policy)
    if (refusal) return refusal
  } else if (!judgeAddress(url.hostname, policy.allowed).ok) return refuse('address', policy)
  if (!isPortAllowed(url, policy)) return refuse('port', policy)
  return { ok: true, url }
}

/**
 * Whether a text may be a callback URL, by syntax and policy. A literal address is judged here; the addresses of a name are
 * judged when it is resolved, on every attempt.
 */
export const judgeUrl = (text: unknown, policy: UrlPolicy): UrlVerdict => {
  if (typeof text !== 'string' || text === '') return refuse('not_text', policy)
  if (text.length > MAX_URL) return refuse('too_long', policy)
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\s\\]/u.test(text)) return refuse('characters', policy)
  if (policy.isNew && /\{[\w.-]*\}/.test(text)) return refuse('placeholder', policy)
  // `new URL` repairs `https:/host`, `https:///host` and `https:host`, in which another parser would see another host.
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/?#]*)/i.exec(text) ?? []
  if (scheme === '' || (scheme.toLowerCase() === 'http' && !policy.allowHttp)) return refuse('scheme', policy)
  if (authority.includes('@')) return refuse('credentials', policy)
  const url = authority === '' ? null : URL.parse(text)
  if (url === null) return refuse('syntax', policy)
  // The parsed host is judged: the parser has folded decimal, octal, hex, full-width and escaped spellings.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  url.hash = ''
  return judgeParsed(partsOf(url), policy)
}

/** Policy for callback URLs, applied when they are registered and when they are connected to. */
export const callbackPolicy = ({
  allowHttp,
  allowNetworks,
}: {
  allowHttp: boolean
  allowNetworks: readonly Network[]
}): UrlPolicy => ({
  allowHttp,
  allowed: createNetworks(allowNetworks),
})

/** `https://partner.example:8443/hook` → `partner.example:8443`. The URL is normalised already. */
export const hostOf = (callbackUrl: string): string => callbackUrl.split('/', 3)[2] ?? callbackUrl
