export interface HttpRequest {
  method: 'GET' | 'POST'
  /** With the query, already encoded: visible ASCII. */
  path: string
  /** Names and values in turn, without `host`, `connection` and `content-length`. */
  headers: readonly string[]
  /** Null: no body and no `content-length`. */
  body: Buffer | string | null
  /** Asked when a connection is there, just before the request is written; false: the exchange ends as `withdrawn`. */
  mayWrite?: () => boolean
}

const TARGET = /^[\x21-\x7e]+$/
const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const VALUES = /^[\t\x20-\x7e\x80-\xff]*$/

/** The same few names come with each request, so that each is checked once. */
const MAX_KNOWN = 100
const knownNames = new Set<string>()

const refusal = (name: string) => new Error(`not a valid request header: ${JSON.stringify(name)}`)

const nameOfBadValue = (host: string, headers: readonly string[]): string =>
  VALUES.test(host) ? (headers.find((_, at) => !VALUES.test(headers[at + 1] ?? '')) ?? '') : 'host'

const assertName = (name: string) => {
  if (knownNames.has(name)) return
  if (!NAME.test(name)) throw refusal(name)
  if (knownNames.size < MAX_KNOWN) knownNames.add(name)
}

/**
 * The bytes of a request (RFC 9112), head and body in one buffer, so that they leave in one write.
 *
 * @throws for a target, host or header that would break out of its line; the error names the header, never its value
 */
export const writeRequest = ({ method, path, headers, body }: HttpRequest, host: string): Buffer => {
  if (!TARGET.test(path)) throw new Error('not a valid request target')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  let values = host
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at] as string, headers[at + 1] as string]
    assertName(name)
    head += `${name}: ${value}\r\n`
    values += value
  }
  // One test for all values; which of them is wrong is looked for only if it fails.
  if (!VALUES.test(values)) throw refusal(nameOfBadValue(host, headers))
  if (body === null) return Buffer.from(`${head}\r\n`, 'latin1')
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  head += `content-length: ${bodyBytes}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes)
  bytes.write(head, 'latin1')
  if (typeof body === 'string') bytes.write(body, head.length, 'utf8')
  else bytes.set(body, head.length)
  return bytes
}
