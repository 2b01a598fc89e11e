/** One request. `headers` has all but `host`, `connection` and `content-length`, names and values in turn. */
export interface HttpRequest {
  method: 'GET' | 'POST'
  /** With the query, as it goes over the wire: visible ASCII. */
  path: string
  host: string
  headers: readonly string[]
  /** Null: none, and no `content-length` either. */
  body: Buffer | string | null
}

const TARGET = /^[\x21-\x7e]+$/
const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const VALUES = /^[\t\x20-\x7e\x80-\xff]*$/

/** There are only so many names, and they come again with each request. */
const MAX_KNOWN = 100
const knownNames = new Set<string>()

const refusal = (name: string) => new Error(`not a valid request header: ${JSON.stringify(name)}`)

const badName = (host: string, headers: readonly string[]): string =>
  VALUES.test(host) ? (headers.find((_, at) => !VALUES.test(headers[at + 1] ?? '')) ?? '') : 'host'

const assertName = (name: string) => {
  if (knownNames.has(name)) return
  if (!NAME.test(name)) throw refusal(name)
  if (knownNames.size < MAX_KNOWN) knownNames.add(name)
}

/**
 * The bytes of a request (RFC 9112), head and body in one, so that they leave in one write.
 *
 * @throws for a target or a header that would break out of its line; what is wrong is named, its text is not told
 */
export const writeRequest = ({ method, path, host, headers, body }: HttpRequest): Buffer => {
  if (!TARGET.test(path)) throw new Error('not a valid request target')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  let values = host
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at] as string, headers[at + 1] as string]
    assertName(name)
    head += `${name}: ${value}\r\n`
    values += value
  }
  // One look at all of them; which one it is matters only then.
  if (!VALUES.test(values)) throw refusal(badName(host, headers))
  if (body === null) return Buffer.from(`${head}\r\n`, 'latin1')
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  head += `content-length: ${bodyBytes}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes)
  bytes.write(head, 'latin1')
  if (typeof body === 'string') bytes.write(body, head.length, 'utf8')
  else bytes.set(body, head.length)
  return bytes
}
