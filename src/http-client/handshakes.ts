import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { networkOf } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'

/** Maximum bytes of a peer before its handshake is complete: an honest certificate chain has less than half of it. */
const MAX_BYTES = 16 * 1024
/** CPU time of the thread at which a handshake counts as long; an honest chain is verified in 3 ms. */
const LONG_MS = 40
/** Handshakes of a network that holds the loop take at most a hundredth of its time. */
const WAIT_FACTOR = 100
const MAX_WAITING = 1000
const MAX_PROVEN = 10_000
/** How long a network waits after a proven host has sent more than `MAX_BYTES`. */
const LONG_WAIT_MS = 60_000

/**
 * Guards the event loop against certificates that take long to verify, which OpenSSL does in one go: the bytes of a
 * handshake are counted before TLS gets them, and after a peer has held the loop, the hosts of its network wait. A host
 * whose last handshake was completed and held nothing does not wait: it may share the address with the peer that does.
 * Unless its network waits, its bytes are only counted when the handshake is over: a layer in front of TLS sees every
 * read and write of the connection, too.
 */
export const createHandshakes = ({ monotonic: now, threadCpu }: Pick<Clock, 'monotonic' | 'threadCpu'>) => {
  /** Until when each network waits. */
  const waiting = new Map<string, number>()
  const proven = new Set<string>()
  const wait = (network: string, until: number) => {
    if (waiting.size >= MAX_WAITING) waiting.clear()
    waiting.set(network, until)
  }

  const trusted = (raw: Socket, host: string, network: string) => ({
    below: raw,
    end: (isComplete: boolean) => {
      const isLong = raw.bytesRead > MAX_BYTES
      if (isLong) wait(network, now() + LONG_WAIT_MS)
      if (isLong || !isComplete) proven.delete(host)
    },
  })

  /**
   * Returns the stream that TLS uses instead of `raw`, and `end`, to be called with whether the handshake was
   * completed.
   */
  const begin = (raw: Socket, { host, address }: { host: string; address: string }) => {
    const network = networkOf(address)
    if (proven.has(host) && now() >= (waiting.get(network) ?? 0)) return trusted(raw, host, network)
    let isComplete = false
    let bytes = 0
    let waitsUntil = 0
    const below = new Duplex({
      read: () => {},
      write: (chunk, _encoding, done) => void raw.write(chunk, done),
      final: done => void raw.end(done),
      destroy: (error, done) => {
        raw.destroy()
        done(error)
      },
    })
    const refuse = (code: string) => void below.destroy(Object.assign(new Error('handshake refused'), { code }))
    raw.on('data', (chunk: Buffer) => {
      if (isComplete) return void below.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_BYTES) return refuse('HANDSHAKE_TOO_LONG')
      const [from, workedBefore] = [now(), threadCpu()]
      if (from < (waiting.get(network) ?? 0) && !proven.has(host)) return refuse('HANDSHAKE_WAITS')
      // TLS has processed the chunk when this returns.
      below.push(chunk)
      const heldMs = threadCpu() - workedBefore
      if (heldMs < LONG_MS) return
      // At once: this handshake may never end, and others are in flight.
      proven.delete(host)
      waitsUntil = from + heldMs * WAIT_FACTOR
      wait(network, waitsUntil)
    })
    raw.on('end', () => below.push(null))
    raw.on('error', error => below.destroy(error)).on('close', () => below.destroy())
    const end = (completed: boolean) => {
      isComplete = completed
      if (!completed) return void proven.delete(host)
      if (waitsUntil === 0) {
        if (proven.size >= MAX_PROVEN) proven.clear()
        proven.add(host)
      } else if (waiting.get(network) === waitsUntil) waiting.delete(network)
    }
    return { below, end }
  }
  return { begin, isProven: (host: string): boolean => proven.has(host) }
}
