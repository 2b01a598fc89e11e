import { once } from 'node:events'
import { connect } from 'node:net'

/** The answer to a request. */
export interface Answer {
  status: number
  body: () => string
}

interface Head {
  status: number
  bodyAt: number
  /** Null: chunked; the body ends with the last chunk. */
  size: number | null
}

const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

const readHead = (bytes: Buffer): Head | null => {
  const end = bytes.indexOf(HEAD_END)
  if (end < 0) return null
  const text = bytes.toString('latin1', 0, end)
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(text) ?? []
  return { status: Number(text.slice(9, 12)), bodyAt: end + HEAD_END.length, size: length ? Number(length) : null }
}

/**
 * One kept connection with one request at a time, and no more HTTP than that takes: undici needs about as much
 * processor time for a request as the servers to be measured.
 */
export const openConnection = async (url: string, { path, apiKey }: { path: string; apiKey: string }) => {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  const start = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}`,
    `authorization: Bearer ${apiKey}`,
    'content-type: application/json',
    'content-length: ',
  ].join('\r\n')

  let chunks: Buffer[] = []
  let size = 0
  let head: Head | null = null
  let waiting: PromiseWithResolvers<Answer> | null = null

  const isWhole = ({ bodyAt, size: bodySize }: Head): boolean =>
    bodySize === null
      ? (chunks.at(-1)?.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) ?? false)
      : size >= bodyAt + bodySize

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    head ??= readHead(chunks.length === 1 ? chunk : Buffer.concat(chunks))
    if (head === null || !isWhole(head)) return
    const { status, bodyAt } = head
    const whole = chunks
    chunks = []
    size = 0
    head = null
    waiting?.resolve({ status, body: () => Buffer.concat(whole).toString('utf8', bodyAt) })
  })
  const fail = (error: Error) => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed a connection')))

  return {
    post: (body: string): Promise<Answer> => {
      waiting = Promise.withResolvers<Answer>()
      socket.write(`${start}${Buffer.byteLength(body)}${HEAD_END}${body}`)
      return waiting.promise
    },
    close: () => socket.destroy(),
  }
}
