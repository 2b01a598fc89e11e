import { request } from 'node:http'
import { Duplex } from 'node:stream'

export interface NodeReading {
  status: number
  /** By their names in lower case. */
  headers: Readonly<Record<string, string[] | undefined>>
  /** Latin-1. */
  body: string
  keepAlive: boolean
}

/** The parts of a socket that node:http uses; bytes that are written to it are dropped. */
const createFakeSocket = () => {
  const socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })
  const same = () => socket
  return Object.assign(socket, { setTimeout: same, setNoDelay: same, setKeepAlive: same, ref: same, unref: same })
}

/** The reading of Node's own client of these bytes, after which the peer closes; null if it fails. */
export const readWithNode = (bytes: Buffer): Promise<NodeReading | null> =>
  new Promise(resolve => {
    const socket = createFakeSocket()
    const asked = request({
      createConnection: () => socket,
      headers: { connection: 'keep-alive' },
      maxHeaderSize: 64 * 1024,
    })
    asked.on('error', () => resolve(null))
    // Else it would end without a word.
    asked.on('upgrade', () => resolve(null))
    asked.on('response', response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('error', () => resolve(null))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headersDistinct,
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
