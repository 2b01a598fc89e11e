import { SECOND } from '../core/duration.ts'

/** A response's status and headers, names in lower case. */
export interface ResponseHead {
  status: number
  /** The first value of each name, of `connection` all; of those that say how long the body is there is only one. */
  headers: ReadonlyMap<string, string>
  /** How the body ends: after so many bytes, by its chunks, or with the connection. */
  body: number | 'chunked' | 'until_close'
  /** The connection is meant to take another request. */
  keepAlive: boolean
  /** So long the other side keeps it for one, if it says. */
  idleMs: number | null
}

/**
 * Strict as the RFC is, where it lets a recipient choose: no bare CR or LF, no folded lines, no space before a colon. The
 * alternatives exclude each other at every character, so it takes one pass whatever is sent.
 */
const HEAD =
  /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/

const LENGTH = /^\d{1,15}$/
/** Said twice, they would say two things about where the body ends. */
const ONLY_ONCE = new Set(['content-length', 'transfer-encoding'])

const TAB = 0x09
const SPACE = 0x20

const isBlank = (code: number): boolean => code === SPACE || code === TAB

/** Not `trim`: to that, 0xA0 is white space too. */
const valueIn = (text: string, from: number, to: number): string => {
  let [start, end] = [from, to]
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (start < end && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const headersOf = (text: string): Map<string, string> | null => {
  const headers = new Map<string, string>()
  for (let at = text.indexOf('\r\n') + 2, end = text.indexOf('\r\n', at); end > at; end = text.indexOf('\r\n', at)) {
    const colon = text.indexOf(':', at)
    const name = text.slice(at, colon).toLowerCase()
    const known = headers.get(name)
    // Others take no tab behind `chunked` for white space, and end the body elsewhere.
    if (ONLY_ONCE.has(name) && (known !== undefined || text.slice(colon, end).includes('\t'))) return null
    const value = valueIn(text, colon + 1, end)
    if (known === undefined) headers.set(name, value)
    else if (name === 'connection') headers.set(name, `${known},${value}`)
    at = end + 2
  }
  return headers
}

const hasToken = (list: string, token: string): boolean =>
  list === token || list.split(',').some(item => valueIn(item, 0, item.length).toLowerCase() === token)

const isKept = (connection: string | undefined, isOld: boolean): boolean => {
  if (connection === undefined) return !isOld
  return !hasToken(connection, 'close') && (!isOld || hasToken(connection, 'keep-alive'))
}

/** Null where it cannot be told for sure where the body ends. */
const bodyOf = (status: number, headers: ReadonlyMap<string, string>, isOld: boolean): ResponseHead['body'] | null => {
  const length = headers.get('content-length')
  const encoding = headers.get('transfer-encoding')
  if (encoding !== undefined && (isOld || length !== undefined || encoding.toLowerCase() !== 'chunked')) return null
  if (length !== undefined && !LENGTH.test(length)) return null
  if (status < 200 || status === 204 || status === 304) return 0
  if (encoding !== undefined) return 'chunked'
  return length === undefined ? 'until_close' : Number(length)
}

const IDLE_HINT = /(?:^|,)\s*timeout=(\d{1,6})/i

const idleMsOf = (hint: string | undefined): number | null => {
  const seconds = hint === undefined ? undefined : IDLE_HINT.exec(hint)?.[1]
  return seconds === undefined ? null : Number(seconds) * SECOND
}

const parseHead = (text: string): ResponseHead | null => {
  const match = HEAD.exec(text)
  const headers = match && headersOf(text)
  if (!headers) return null
  const [isOld, status] = [match[1] === '0', Number(match[2])]
  const body = bodyOf(status, headers, isOld)
  if (body === null) return null
  const keepAlive = body !== 'until_close' && isKept(headers.get('connection'), isOld)
  return { status, headers, body, keepAlive, idleMs: idleMsOf(headers.get('keep-alive')) }
}

/** Within a second most servers send the same head again and again, and to read one takes longer than to know it again. */
const MOST_KNOWN = 64
const LONGEST_KNOWN = 512
let known = new Map<string, ResponseHead>()

/** Reads the head of a response to GET or POST, from its first byte to its empty line; null for anything else. */
export const readHead = (text: string): ResponseHead | null => {
  const same = known.get(text)
  if (same) return same
  const head = parseHead(text)
  if (head === null || text.length > LONGEST_KNOWN) return head
  if (known.size >= MOST_KNOWN) known = new Map()
  known.set(text, head)
  return head
}
