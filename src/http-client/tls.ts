import { constants } from 'node:crypto'
import { once } from 'node:events'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, createSecureContext, connect as openSecure, type SecureContext } from 'node:tls'
import type { Origin } from '../core/origin.ts'
import type { createHandshakes } from './handshakes.ts'

const TLS_1_3 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
/** RSA key exchange last, for old servers that support nothing else. */
const TLS_1_2 = 'ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:kRSA+AESGCM:kRSA+AES:!aNULL:!PSK'

/** Options of every outgoing TLS connection. */
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

/** Called when a peer's certificate was verified, with when it ends (epoch ms). */
export type OnCertificate = (host: string, endsAt: number) => void

/** Starts TLS on a connected socket. No session is resumed: each connection verifies the certificate. */
export const createStartTls = (
  beginHandshake: ReturnType<typeof createHandshakes>['begin'],
  onCertificate?: OnCertificate,
) => {
  /** Shared by all connections: creating one costs as much as a handshake. */
  let secureContext: SecureContext | null = null

  return async (raw: Socket, { hostname, host, address }: Origin & { address: string }, signal: AbortSignal) => {
    secureContext ??= createSecureContext(TLS_OPTIONS)
    const { below, end } = beginHandshake(raw, { host, address })
    const socket = openSecure({
      ...TLS_OPTIONS,
      secureContext,
      socket: below,
      host: hostname,
      ...(isIP(hostname) ? {} : { servername: hostname }),
    })
    socket.on('error', () => {})
    try {
      await once(socket, 'secureConnect', { signal })
      end(true)
      // Costs 30 µs, a third of `getPeerCertificate`.
      if (onCertificate) onCertificate(host, Date.parse(socket.getPeerX509Certificate()?.validTo ?? ''))
      return socket
    } catch (error) {
      end(false)
      socket.destroy()
      throw error
    }
  }
}
