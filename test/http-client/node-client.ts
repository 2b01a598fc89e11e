import { request } from 'node:http'
import { Duplex } from 'node:stream'

export interface NodeReading {
  status: number
  /** The first value of each name, in lower case. */
  headers: ReadonlyMap<string, string>
  /** Latin-1. */
  body: string
  keepAlive: boolean
}

/** What node:http uses of a socket; what is written to it is dropped. */
const createFakeSocket = () => {
  const socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })
  const same = () => socket
  return Object.assign(socket, { setTimeout: same, setNoDelay: same, setKeepAlive: same, ref: same, unref: same })
}

const firstValues = (raw: readonly string[]): Map<string, string> => {
  const headers = new Map<string, string>()
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    if (!headers.has(name)) headers.set(name, raw[at + 1] as string)
  }
  return headers
}

/** What Node's own client reads from these bytes, after which the peer closes; null if it fails. */
export const readWithNode = (bytes: Buffer): Promise<NodeReading | null> =>
  new Promise(resolve => {
    const socket = createFakeSocket()
    const asked = request({
      createConnection: () => socket,
      headers: { connection: 'keep-alive' },
      maxHeaderSize: 64 * 1024,
    })
    asked.on('error', () => resolve(null))
    asked.on('response', response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('error', () => resolve(null))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: firstValues(response.rawHeaders),
          body: Buffer.concat(parts).toString('latin1'),
          keepAlive: asked.shouldKeepAlive,
        }),
      )
    })
    // It would take an end that is there already for one before the response.
    asked.on('socket', () =>
      setImmediate(() => {
        socket.push(bytes)
        setImmediate(() => socket.push(null))
      }),
    )
    asked.end()
  })
