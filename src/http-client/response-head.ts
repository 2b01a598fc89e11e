import { SECOND } from '../core/duration.ts'

/** A response's status and headers, names in lower case. */
export interface ResponseHead {
  status: number
  /**
   * The first value of each name, but all values of `connection`. Headers that set the body's length may occur only
   * once.
   */
  headers: ReadonlyMap<string, string>
  /** How the body ends: after this many bytes, with its last chunk, or with the connection. */
  body: number | 'chunked' | 'until_close'
  /** The peer will take another request on this connection. */
  keepAlive: boolean
  /** How long the peer keeps the idle connection; null if it does not say. */
  idleMs: number | null
}

/**
 * Where the RFC lets a recipient choose, this is strict: no bare CR or LF, no folded lines, no space before a colon.
 * The alternatives exclude each other at every character, so that any input costs one pass.
 */
const HEAD =
  /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/

const LENGTH = /^\d{1,15}$/
/** Two of them could contradict each other about where the body ends. */
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
    // Some parsers do not take a tab behind `chunked` as white space, and would end the body elsewhere.
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

const isKeptAlive = (connection: string | undefined, isOld: boolean): boolean => {
  if (connection === undefined) return !isOld
  return !hasToken(connection, 'close') && (!isOld || hasToken(connection, 'keep-alive'))
}

/** Returns null if the end of the body is not certain. */
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

/**
 * Reads the head of a response to GET or POST, from its first byte to its empty line. Returns null for anything else.
 */
export const readHead = (text: string): ResponseHead | null => {
  const match = HEAD.exec(text)
  const headers = match && headersOf(text)
  if (!headers) return null
  const [isOld, status] = [match[1] === '0', Number(match[2])]
  const body = bodyOf(status, headers, isOld)
  if (body === null) return null
  const keepAlive = body !== 'until_close' && isKeptAlive(headers.get('connection'), isOld)
  return { status, headers, body, keepAlive, idleMs: idleMsOf(headers.get('keep-alive')) }
}
