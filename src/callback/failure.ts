import { codeOf } from '../core/error.ts'
import type { Fault } from '../http-client/client.ts'

/** Why an attempt got no response. */
export type FailureCode =
  /** The URL, or an address it leads to, may not be called. */
  | 'url'
  | 'blocked'
  /** The name could not be resolved. */
  | 'dns'
  | 'refused'
  | 'unreachable'
  /** No connection in time, or no response in time on a connection. */
  | 'connect_timeout'
  | 'timeout'
  | 'tls'
  /** The connection was closed before the response headers were complete. */
  | 'reset'
  /** The bytes received are not an HTTP/1.1 response with a status of 200 to 599. */
  | 'protocol'
  /** The egress proxy did not open the connection to the receiver. */
  | 'proxy'
  /** Our own egress proxy cannot be reached, or refuses us. Nothing was sent. */
  | 'proxy_down'
  /** Local failure: no file descriptor or port was free, or the sender is closed. Nothing was sent. */
  | 'local'

/** `detail` is for the operators' log: a phase, a reason or an error code; never a URL, an address or a body. */
export interface Failure {
  error: FailureCode
  detail: string | null
}

/** Why a connection was not opened. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly failure: Failure

  constructor(error: FailureCode, detail: string) {
    super(`${error}: ${detail}`)
    this.failure = { error, detail }
  }
}

const CODES: Record<string, FailureCode> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ENOTCONN: 'reset',
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  EINVAL: 'unreachable',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
  ENOMEM: 'local',
  EADDRNOTAVAIL: 'local',
  EADDRINUSE: 'local',
}

const failureOfCode = (code: string): Failure => ({ error: CODES[code] ?? 'protocol', detail: code })

/** Returns the failure for an error of net or tls, without its message, which may contain addresses and bytes. */
export const failureOfError = (error: Error): Failure => failureOfCode(String(codeOf(error) || error.name))

const failureToConnect = ({ phase, error }: Extract<Fault, { kind: 'connect' }>): Failure => {
  if (error instanceof SendError) return error.failure
  const failure = failureOfError(error as Error)
  if (phase !== 'tls') return failure
  // Any error in a handshake counts as TLS, unless the cause is local.
  return { error: failure.error === 'local' ? 'local' : 'tls', detail: failure.detail }
}

const failureInTime = ({ phase }: Extract<Fault, { kind: 'timeout' }>): Failure => {
  if (phase === 'proxy') return { error: 'proxy', detail: 'timeout' }
  return phase === 'response' ? { error: 'timeout', detail: null } : { error: 'connect_timeout', detail: phase }
}

/** Maps a fault of the HTTP client to a failure. */
export const failureOf = (fault: Fault): Failure => {
  switch (fault.kind) {
    case 'connect':
      return failureToConnect(fault)
    case 'timeout':
      return failureInTime(fault)
    case 'lost':
      return fault.code === null ? { error: 'reset', detail: 'closed' } : failureOfCode(fault.code)
    case 'protocol':
      return { error: 'protocol', detail: fault.detail }
    case 'too_large':
      return { error: 'protocol', detail: fault.kind }
    case 'closed':
    case 'withdrawn':
      return { error: 'local', detail: fault.kind }
    default:
      throw fault satisfies never
  }
}

/** Whether the cause is on our side, such as missing sockets or the proxy, and not the receiver. */
export const isOurFailure = (error: FailureCode): boolean => error === 'local' || error === 'proxy_down'
