import type { IncomingMessage } from 'node:http'

const MAX_BODY_BYTES = 64 * 1024
const FORM = 'application/x-www-form-urlencoded'

/**
 * A call's parameters: of the query for GET, of a form for POST (any other content type carries none). Never settles for a
 * body over 64 KiB or one that was broken off. A callback, since a promise a call would slow the benchmarks.
 */
export const readParameters = (request: IncomingMessage, done: (parameters: URLSearchParams) => void): void => {
  const url = request.url ?? ''
  if (request.method === 'GET') {
    const mark = url.indexOf('?')
    done(new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)))
    return
  }
  const isForm = request.headers['content-type']?.toLowerCase().startsWith(FORM) ?? false
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    text += chunk
    if (text.length > MAX_BODY_BYTES) request.destroy()
  })
  request.on('end', () => done(new URLSearchParams(isForm ? text : '')))
}
