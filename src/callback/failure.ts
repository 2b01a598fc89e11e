/** Why an attempt got no answer. */
export type FailureCode =
  /** The URL, or an address it leads to, may not be called. */
  | 'url'
  | 'blocked'
  /** The name could not be resolved. */
  | 'dns'
  | 'refused'
  | 'unreachable'
  /** No connection in time, or with it no answer. */
  | 'connect_timeout'
  | 'timeout'
  | 'tls'
  /** The connection was closed before the answer was complete as far as its headers. */
  | 'reset'
  /** What came is not an HTTP/1.1 answer with a status of 200 to 599. */
  | 'protocol'
  /** The egress proxy did not open the way. */
  | 'proxy'
  /** Our own side: no file descriptors or ports left, or the sender is closed. */
  | 'local'

/** `detail` is for the operator's log: a phase, a reason or an error code, never a URL, an address, a body. */
export interface Failure {
  error: FailureCode
  detail: string | null
}

/** Carries a failure out of what opens a connection. */
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

const codeOf = (error: Error): string => {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && code !== '' ? code : error.name
}

export const failureOfCode = (code: string): Failure => ({ error: CODES[code] ?? 'protocol', detail: code })

/** Names the failure behind an error of net or tls. Its message is never kept: it may hold addresses and bytes. */
export const failureOf = (error: Error): Failure =>
  error instanceof SendError ? error.failure : failureOfCode(codeOf(error))

/** The same while a TLS session is set up: whatever breaks there is said to be TLS, unless it is our own side. */
export const tlsFailureOf = (error: Error): SendError => {
  const { error: kind, detail } = failureOf(error)
  return new SendError(kind === 'local' ? kind : 'tls', detail ?? 'handshake')
}
