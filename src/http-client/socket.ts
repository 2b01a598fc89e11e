import { once } from 'node:events'
import { connect as openPlain, type Socket, type TcpSocketConnectOpts } from 'node:net'
import { type Clock, within } from '../core/clock.ts'
import type { Origin } from '../core/origin.ts'
import type { Open } from './connection.ts'
import { createHandshakes } from './handshakes.ts'
import { createStartTls, type OnCertificate } from './tls.ts'

export interface Opening {
  /** Aborted when the time is over. */
  signal: AbortSignal
  /** Call when a proxy is asked to connect, with the address to which it connects. */
  onProxy(address: string): void
  /** Connects to the origin's host and port; Node's options change how. Rejects with the error of net. */
  openTcp(options?: Partial<TcpSocketConnectOpts>): Promise<Socket>
}

/**
 * Opens a connection to `origin`, without TLS: the client does that. The socket may come from `openTcp`, which reads it
 * fastest, or from elsewhere, with an error listener and not being read yet.
 */
export type Connect<O extends Origin> = (origin: O, opening: Opening) => Promise<Socket>

const READ_BUFFER_BYTES = 64 * 1024

const ignore = () => {}

/** Shared by all connections: bytes read have been processed when the next read begins. */
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

/** How long other connections to a host wait for the first one. */
const FIRST_MS = 250

/** Returns how to open a connection to an origin: by `connect`, then TLS if the origin is https. */
export const createOpen = <O extends Origin>(
  connect: Connect<O>,
  clock: Clock,
  onCertificate?: OnCertificate,
): ((origin: O) => Open) => {
  const { begin, isProven } = createHandshakes(clock)
  const startTls = createStartTls(begin, onCertificate)

  const open = async (origin: O, { signal, onRead, onProxy, onTls }: Parameters<Open>[0]): Promise<Socket> => {
    const { protocol, hostname, port } = origin
    const isSecure = protocol === 'https:'
    // Under TLS, the TLS layer reads.
    const reading = isSecure ? {} : { onread: readingInto(onRead) }
    let proxied: string | null = null
    const raw = await connect(origin, {
      signal,
      onProxy: address => {
        proxied = address
        onProxy()
      },
      openTcp: options => openTcp({ host: hostname, port, ...reading, ...options }, signal),
    })
    if (isSecure) onTls(raw)
    const address = proxied ?? raw.remoteAddress ?? ''
    const socket = isSecure ? await startTls(raw, { ...origin, address }, signal) : raw
    // A socket with `onread` emits no data, so nothing is read twice.
    return socket.on('data', onRead)
  }

  /**
   * By unproven host: the connection that is opened first. After its handshake the others cost less
   * (`createHandshakes`).
   */
  const firsts = new Map<string, Promise<unknown>>()

  return origin => async opening => {
    const { protocol, host } = origin
    if (protocol === 'http:' || isProven(host)) return open(origin, opening)
    const first = firsts.get(host)
    if (first === undefined) {
      const opened = open(origin, opening).finally(() => firsts.delete(host))
      firsts.set(host, opened.catch(ignore))
      return opened
    }
    await within(clock, FIRST_MS, first)
    opening.signal.throwIfAborted()
    return open(origin, opening)
  }
}
