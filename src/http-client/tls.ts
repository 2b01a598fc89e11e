import { constants } from 'node:crypto'
import { once } from 'node:events'
import { isIP, type Socket } from 'node:net'
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  connect as openSecure,
  type SecureContext,
} from 'node:tls'
import { setNewest } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import { MINUTE } from '../core/duration.ts'
import type { Origin } from '../core/origin.ts'
import { createHandshakes } from './handshakes.ts'

const TLS_1_3 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
/** RSA key exchange last, for old servers that know nothing else. */
const TLS_1_2 = 'ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:kRSA+AESGCM:kRSA+AES:!aNULL:!PSK'

/** For every TLS connection that leaves here. */
export const TLS_OPTIONS = {
  ALPNProtocols: ['http/1.1'],
  // Explicit: NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would win otherwise.
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  // No finite-field Diffie-Hellman: its group is the peer's choice, and one of 10,000 bits holds the event loop for a second.
  ciphers: `${TLS_1_3}:${TLS_1_2}`,
  ecdhCurve: 'X25519:P-256:P-384:P-521',
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const satisfies ConnectionOptions

export const MAX_SESSIONS = 1000
/** A session holds the peer's certificate and the ticket, both as long as the peer likes. */
const MAX_SESSION_BYTES = 16 * 1024
/** Counted from the handshake that verified the certificate, however often the session has been resumed since. */
const SESSION_MS = 10 * MINUTE
/** Servers send two. A peer may send as many as it likes, and each costs an event. */
const TICKETS_OF_A_CONNECTION = 2

interface Session {
  bytes: Buffer
  /** Epoch ms. */
  until: number
}

/** The latest session of each host. */
export const createSessions = (now: Clock['now']) => {
  const sessions = new Map<string, Session>()

  return {
    of: (host: string): Session | null => {
      const session = sessions.get(host)
      // The second: if the clock has been set back since, nobody knows how old it is.
      if (session && now() < session.until && session.until - now() <= SESSION_MS) return session
      sessions.delete(host)
      return null
    },
    remember: (host: string, session: Session) => {
      if (session.bytes.length > MAX_SESSION_BYTES) sessions.delete(host)
      else setNewest(sessions, MAX_SESSIONS, [host, session])
    },
    forget: (host: string) => void sessions.delete(host),
  }
}

/** Starts TLS on a connected socket; resumes the host's last session, unless starting with that one failed. */
export const createStartTls = ({ now, monotonic }: Clock) => {
  const beginHandshake = createHandshakes(monotonic)
  const sessions = createSessions(now)
  /** One for all connections: making one costs as much as a handshake. */
  let secureContext: SecureContext | null = null

  return async (raw: Socket, { hostname, host, address }: Origin & { address: string }, signal: AbortSignal) => {
    const session = sessions.of(host)
    let until = session?.until ?? 0
    secureContext ??= createSecureContext(TLS_OPTIONS)
    const { below, end } = beginHandshake(raw, { host, address })
    const socket = openSecure({
      ...TLS_OPTIONS,
      secureContext,
      socket: below,
      host: hostname,
      ...(isIP(hostname) ? {} : { servername: hostname }),
      ...(session ? { session: session.bytes } : {}),
      // Called in a whole handshake only, not when a session is resumed.
      checkServerIdentity: (name, certificate) => {
        until = Math.min(now() + SESSION_MS, Date.parse(certificate.valid_to))
        return checkServerIdentity(name, certificate)
      },
    })
    let tickets = 0
    const onSession = (bytes: Buffer) => {
      if (++tickets <= TICKETS_OF_A_CONNECTION) sessions.remember(host, { bytes, until })
    }
    socket.on('error', () => {}).on('session', onSession)
    try {
      await once(socket, 'secureConnect', { signal })
      end(true)
      return socket
    } catch (error) {
      end(false)
      sessions.forget(host)
      socket.destroy()
      throw error
    }
  }
}
