import { once } from 'node:events'
import { isIP, connect as openPlain, type Socket, type TcpSocketConnectOpts } from 'node:net'
import { type ConnectionOptions, connect as openSecure } from 'node:tls'
import type { Open } from './connection.ts'

/** Where a connection leads: the parts of a URL that say so. */
export interface Origin {
  protocol: 'http:' | 'https:'
  /** A name, or an address without brackets. */
  hostname: string
  port: number
  /** As in the `Host` header: with the port unless it is the scheme's, IPv6 in brackets. */
  host: string
}

export interface Opening {
  /** Aborted when there is no time left. */
  signal: AbortSignal
  /** Connects to the origin's host and port; Node's options change how. Rejects with the error of net. */
  openTcp(options?: Partial<TcpSocketConnectOpts>): Promise<Socket>
}

/**
 * Opens a connection to `origin`, without TLS: the client does that. The socket may come from `openTcp`, which reads it
 * fastest, or from elsewhere, with an error listener and not being read yet.
 */
export type Connect<O extends Origin> = (origin: O, opening: Opening) => Promise<Socket>

/** For every TLS connection that leaves here. */
export const TLS_OPTIONS: Pick<ConnectionOptions, 'ALPNProtocols' | 'minVersion' | 'rejectUnauthorized'> = {
  ALPNProtocols: ['http/1.1'],
  // Explicit: NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would win otherwise.
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
}

const MAX_TLS_SESSIONS = 1000
const READ_BUFFER_BYTES = 64 * 1024

const ignore = () => {}

/** All connections share it: what is read has been dealt with when the next read begins. */
let readBuffer: Buffer | null = null

/**
 * The `onread` of a plain TCP socket. Without it Node allocates 64 KB for each read, and gives most of it back.
 *
 * @param onRead gets bytes that are valid during the call only
 */
export const readingInto = (onRead: (bytes: Buffer) => void) => {
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  return {
    buffer: readBuffer,
    callback: (size: number, bytes: Uint8Array): boolean => {
      onRead((bytes as Buffer).subarray(0, size))
      return true
    },
  }
}

const openTcp = async (options: TcpSocketConnectOpts, signal: AbortSignal): Promise<Socket> => {
  const socket = openPlain({ noDelay: true, keepAlive: true, ...options })
  socket.on('error', ignore)
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Starts TLS on a connected socket; resumes the host's last session, unless starting with that one failed. */
const createStartTls = () => {
  const sessions = new Map<string, Buffer>()

  const remember = (host: string, session: Buffer) => {
    sessions.delete(host)
    const [oldest] = sessions.size >= MAX_TLS_SESSIONS ? sessions.keys() : []
    if (oldest !== undefined) sessions.delete(oldest)
    sessions.set(host, session)
  }

  return async (raw: Socket, { hostname, host }: Origin, signal: AbortSignal): Promise<Socket> => {
    const session = sessions.get(host)
    const socket = openSecure({
      ...TLS_OPTIONS,
      socket: raw,
      host: hostname,
      ...(isIP(hostname) ? {} : { servername: hostname }),
      ...(session ? { session } : {}),
    })
    socket.on('error', ignore).on('session', fresh => remember(host, fresh))
    try {
      await once(socket, 'secureConnect', { signal })
      return socket
    } catch (error) {
      sessions.delete(host)
      socket.destroy()
      throw error
    }
  }
}

/** How a connection to an origin is opened: by `connect`, then TLS where the origin wants it. */
export const createOpen = <O extends Origin>(connect: Connect<O>): ((origin: O) => Open) => {
  const startTls = createStartTls()

  return origin =>
    async ({ signal, onRead, onTls }) => {
      const { protocol, hostname, port } = origin
      const isSecure = protocol === 'https:'
      // Under TLS it is TLS that reads.
      const reading = isSecure ? {} : { onread: readingInto(onRead) }
      const raw = await connect(origin, {
        signal,
        openTcp: options => openTcp({ host: hostname, port, ...reading, ...options }, signal),
      })
      if (isSecure) onTls()
      const socket = isSecure ? await startTls(raw, origin, signal) : raw
      // A socket with `onread` emits no data, so nothing is read twice.
      return socket.on('data', onRead)
    }
}
