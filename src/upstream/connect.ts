import { once } from 'node:events'
import { isIP, connect as openTcp } from 'node:net'
import { connect as openTls } from 'node:tls'
import type { Open } from '../http-client/connection.ts'
import { readingInto } from '../http-client/reading.ts'

/**
 * How to connect to the upstream's origin, TLS included. A promise it gives rejects with the error of net or tls; aborting
 * ends it at once. A socket it gives has an error listener already.
 */
export const createUpstreamConnect = ({ protocol, hostname, port }: URL): Open => {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const isSecure = protocol === 'https:'
  const to = { host, port: port === '' ? (isSecure ? 443 : 80) : Number(port), noDelay: true, keepAlive: true }
  let session: Buffer | undefined

  const openSecure = () =>
    openTls({
      ...to,
      ...(isIP(host) ? {} : { servername: host }),
      ...(session ? { session } : {}),
      ALPNProtocols: ['http/1.1'],
      // Explicit: NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would win otherwise.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    }).on('session', fresh => {
      session = fresh
    })

  return async (signal, onRead) => {
    const socket = isSecure ? openSecure().on('data', onRead) : openTcp({ ...to, onread: readingInto(onRead) })
    socket.on('error', () => {})
    try {
      await once(socket, isSecure ? 'secureConnect' : 'connect', { signal })
      return socket
    } catch (error) {
      session = undefined
      socket.destroy()
      throw error
    }
  }
}
