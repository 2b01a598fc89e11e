import { once } from 'node:events'
import { isIP, type LookupFunction, connect as openTcp, type Socket } from 'node:net'
import { connect as openTls } from 'node:tls'
import { judgeAddress, type Networks } from '../core/address.ts'
import type { CallbackUrl } from '../core/callback-url.ts'
import { SECOND } from '../core/duration.ts'
import { readingInto } from '../http-client/reading.ts'
import { failureOf, SendError, tlsFailureOf } from './failure.ts'
import type { NameResolver } from './resolve.ts'
import { openTunnel } from './tunnel.ts'

/**
 * Opens a connection to a callback's host, TLS included, and never to an address that may not be called. Rejects with a
 * SendError; aborting ends it at once. A socket it gives has an error listener already, and what is read from it goes to
 * `onRead`, which is done with the bytes when it returns.
 */
export type Connect = (target: CallbackUrl, signal: AbortSignal, onRead: (bytes: Buffer) => void) => Promise<Socket>

const CONNECT_LIMIT_MS = 5 * SECOND
/** Addresses tried in turn, and how long each but the last gets: together well under the limit. */
const MAX_CANDIDATES = 4
const CANDIDATE_MS = 300
const MAX_TLS_SESSIONS = 1000

const ignore = () => {}

/** IPv4 first: where a receiver's IPv6 is dead, which nobody notices on their side, it costs nothing. */
const candidatesOf = (addresses: readonly string[]): string[] => {
  const ofFamily = (family: number) => addresses.filter(address => isIP(address) === family)
  const [v4, v6] = [ofFamily(4), ofFamily(6)]
  return v4
    .flatMap((address, at) => [address, ...v6.slice(at, at + 1)])
    .concat(v6.slice(v4.length))
    .slice(0, MAX_CANDIDATES)
}

/** Answers with addresses that have been judged, so that nothing is resolved a second time behind the guard's back. */
const pin =
  (addresses: readonly string[]): LookupFunction =>
  (_name, options, done) => {
    const list = addresses.map(address => ({ address, family: isIP(address) }))
    const [first] = list
    if (options.all || !first) done(null, list)
    else done(null, first.address, first.family)
  }

interface Opening {
  signal: AbortSignal
  onRead: (bytes: Buffer) => void
}

const openDirect = async (
  addresses: readonly string[],
  target: CallbackUrl,
  { signal, onRead }: Opening,
): Promise<Socket> => {
  const socket = openTcp({
    host: target.hostname,
    port: target.port,
    lookup: pin(candidatesOf(addresses)),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: CANDIDATE_MS,
    noDelay: true,
    keepAlive: true,
    // Under TLS it is TLS that reads.
    ...(target.protocol === 'http:' ? { onread: readingInto(onRead) } : {}),
  })
  socket.on('error', ignore)
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch (error) {
    socket.destroy()
    const { error: kind, detail } = failureOf(error as Error)
    throw new SendError(kind, `connect: ${detail}`)
  }
}

/** @param deps.proxy an egress proxy; it may have any address, what it is asked to reach is judged all the same */
export const createConnect = (deps: { allowed: Networks; resolver: NameResolver; proxy: URL | null }): Connect => {
  const { allowed, resolver, proxy } = deps
  const tlsSessions = new Map<string, Buffer>()

  const judge = (address: string) => {
    const verdict = judgeAddress(address, allowed)
    if (!verdict.ok) throw new SendError('blocked', verdict.refusal)
  }

  /** One bad address among good ones refuses the name: whoever answers so is trying something. */
  const judgedAddresses = async ({ hostname, isLiteral }: CallbackUrl): Promise<readonly string[]> => {
    const resolution = isLiteral ? { ok: true as const, addresses: [hostname] } : await resolver.resolve(hostname)
    if (!resolution.ok) throw new SendError('dns', resolution.detail)
    resolution.addresses.forEach(judge)
    return resolution.addresses
  }

  const openJudged = async (addresses: readonly string[], target: CallbackUrl, opening: Opening) => {
    const socket = await openDirect(addresses, target, opening)
    try {
      // Not a byte has been written yet.
      judge(socket.remoteAddress ?? '')
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** The proxy gets the address that was judged, not the name: it would resolve it again, to something else perhaps. */
  const openProxied = (via: URL, addresses: readonly string[], { port }: CallbackUrl, signal: AbortSignal) => {
    const [address = ''] = candidatesOf(addresses)
    return openTunnel(via, `${isIP(address) === 6 ? `[${address}]` : address}:${port}`, signal)
  }

  const rememberSession = (key: string, session: Buffer) => {
    tlsSessions.delete(key)
    const [oldest] = tlsSessions.size >= MAX_TLS_SESSIONS ? tlsSessions.keys() : []
    if (oldest !== undefined) tlsSessions.delete(oldest)
    tlsSessions.set(key, session)
  }

  const secure = async (raw: Socket, { hostname, host, isLiteral }: CallbackUrl, signal: AbortSignal) => {
    const session = tlsSessions.get(host)
    const socket = openTls({
      socket: raw,
      host: hostname,
      ...(isLiteral ? {} : { servername: hostname }),
      ...(session ? { session } : {}),
      ALPNProtocols: ['http/1.1'],
      // Explicit: NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would win otherwise.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    })
    socket.on('error', ignore).on('session', fresh => rememberSession(host, fresh))
    try {
      await once(socket, 'secureConnect', { signal })
      return socket
    } catch (error) {
      tlsSessions.delete(host)
      socket.destroy()
      throw tlsFailureOf(error as Error)
    }
  }

  return async (target, signal, onRead) => {
    const addresses = await judgedAddresses(target)
    const limit = AbortSignal.timeout(CONNECT_LIMIT_MS)
    const either = AbortSignal.any([signal, limit])
    let phase = 'connect'
    try {
      either.throwIfAborted()
      const socket = proxy
        ? await openProxied(proxy, addresses, target, either)
        : await openJudged(addresses, target, { signal: either, onRead })
      phase = 'tls'
      if (target.protocol === 'https:') return (await secure(socket, target, either)).on('data', onRead)
      return proxy ? socket.on('data', onRead) : socket
    } catch (error) {
      if (limit.aborted) throw new SendError('connect_timeout', phase)
      throw error
    }
  }
}
