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
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const assertField = (name: string, value: string) => {
  if (!NAME.test(name) || !VALUE.test(value)) throw new Error(`not a valid request header: ${JSON.stringify(name)}`)
}

/**
 * The bytes of a request (RFC 9112), head and body in one, so that they leave in one write.
 *
 * @throws for a target or a header that would break out of its line; what is wrong is named, its text is not told
 */
export const writeRequest = ({ method, path, host, headers, body }: HttpRequest): Buffer => {
  if (!TARGET.test(path)) throw new Error('not a valid request target')
  assertField('host', host)
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at] as string, headers[at + 1] as string]
    assertField(name, value)
    head += `${name}: ${value}\r\n`
  }
  if (body === null) return Buffer.from(`${head}\r\n`, 'latin1')
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  head += `content-length: ${bodyBytes}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes)
  bytes.write(head, 'latin1')
  if (typeof body === 'string') bytes.write(body, head.length, 'utf8')
  else bytes.set(body, head.length)
  return bytes
}
