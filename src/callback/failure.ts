import { codeOf } from '../core/error.ts'
import type { Fault } from '../http-client/client.ts'

/** Why an attempt got no answer. */
export type FailureCode =
  /** The URL, or an address it leads to, may not be called. */
  | 'url'
  | 'blocked'
  /** The name could not be resolved. */
  | 'dns'
  | 'refused'
  | 'unreachable'
  /** No connection in time, or a connection and no answer in time. */
  | 'connect_timeout'
  | 'timeout'
  | 'tls'
  /** The connection was closed before the answer's headers were complete. */
  | 'reset'
  /** What came is not an HTTP/1.1 answer with a status of 200 to 599. */
  | 'protocol'
  /** The egress proxy did not open the connection to the receiver. */
  | 'proxy'
  /** Our own egress proxy cannot be reached, or refuses us. Nothing was sent. */
  | 'proxy_down'
  /** Our own side: no file descriptor or port was free, or the sender is closed. Nothing was sent. */
  | 'local'

/** `detail` is for the operator's log: a phase, a reason or an error code, never a URL, an address, a body. */
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

/** The failure behind an error of net or tls. Its message is never kept: it may contain addresses and bytes. */
export const failureOfError = (error: Error): Failure => failureOfCode(String(codeOf(error) || error.name))

const failureToConnect = ({ phase, error }: Extract<Fault, { kind: 'connect' }>): Failure => {
  if (error instanceof SendError) return error.failure
  const failure = failureOfError(error as Error)
  if (phase !== 'tls') return failure
  // Whatever breaks in a handshake is TLS, unless it is our own side.
  return { error: failure.error === 'local' ? 'local' : 'tls', detail: failure.detail }
}

const failureInTime = ({ phase }: Extract<Fault, { kind: 'timeout' }>): Failure => {
  if (phase === 'proxy') return { error: 'proxy', detail: 'timeout' }
  return phase === 'response' ? { error: 'timeout', detail: null } : { error: 'connect_timeout', detail: phase }
}

/** What a fault of the HTTP client is called here. */
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

/** Something is short or broken here, such as sockets or the proxy; the receiver has nothing to do with it. */
export const isOurFailure = (error: FailureCode): boolean => error === 'local' || error === 'proxy_down'
