export interface HttpRequest {
  method: 'GET' | 'POST'
  /** With the query, already encoded: visible ASCII. */
  path: string
  /** Names and values in turn, without `host`, `connection` and `content-length`. */
  headers: readonly string[]
  /** Null: no body and no `content-length`. */
  body: string | null
  /**
   * Called once connected, just before the request is written; if it returns false, the exchange ends as `withdrawn`.
   */
  mayWrite?: () => boolean
}

const TARGET = /^[\x21-\x7e]+$/
const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const lineOf = (name: string, value: string): string => {
  if (NAME.test(name) && VALUE.test(value)) return `${name}: ${value}\r\n`
  throw new Error(`not a valid request header: ${JSON.stringify(name)}`)
}

/**
 * Returns the bytes of a request (RFC 9112), head and body in one buffer, so that they leave in one write.
 *
 * @throws for a target, host or header that would break out of its line; the error names the header, never its value
 */
export const writeRequest = ({ method, path, headers, body }: HttpRequest, host: string): Buffer => {
  if (!TARGET.test(path)) throw new Error('not a valid request target')
  let head = `${method} ${path} HTTP/1.1\r\n${lineOf('host', host)}connection: keep-alive\r\n`
  for (let at = 0; at < headers.length; at += 2) head += lineOf(headers[at] as string, headers[at + 1] as string)
  if (body === null) return Buffer.from(`${head}\r\n`, 'latin1')
  const bodyBytes = Buffer.byteLength(body)
  head += `content-length: ${bodyBytes}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes)
  bytes.write(head, 'latin1')
  bytes.write(body, head.length, 'utf8')
  return bytes
}
