import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** What a peer may send before its handshake is complete: an honest chain of certificates has less than half of it. */
const MOST_BYTES = 16 * 1024
/** An honest chain is verified in 3 ms. */
const LONG_MS = 40
/** The handshakes of a network take no more than a hundredth of the event loop's time. */
const WAIT_FACTOR = 100
const MOST_WAITING = 1000

/**
 * Guards the event loop from certificates that take long to verify, which OpenSSL does in one go: the bytes of a handshake are
 * counted before TLS has them, and the network of a peer that has held the loop waits until its next handshake goes on.
 *
 * @param now monotonic ms
 */
export const createHandshakes = (now: () => number) => {
  /** Until when each network waits. */
  const waiting = new Map<string, number>()

  /** Returns what TLS is to speak on instead of `raw`, and what tells that the handshake is complete. */
  return (raw: Socket, address: string) => {
    // Whoever has an address of IPv6 has many more.
    const network = address.split('::', 1).join().split(':', 3).join(':')
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
      if (bytes > MOST_BYTES) return refuse('HANDSHAKE_TOO_LONG')
      const from = now()
      if (from < (waiting.get(network) ?? 0)) return refuse('HANDSHAKE_WAITS')
      // TLS has dealt with it when this returns.
      below.push(chunk)
      const heldMs = now() - from
      if (heldMs < LONG_MS) return
      // At once: this handshake may never end, and others are under way.
      if (waiting.size >= MOST_WAITING) waiting.clear()
      waitsUntil = from + heldMs * WAIT_FACTOR
      waiting.set(network, waitsUntil)
    })
    raw.on('end', () => below.push(null))
    raw.on('error', error => below.destroy(error)).on('close', () => below.destroy())
    const complete = () => {
      isComplete = true
      if (waiting.get(network) === waitsUntil) waiting.delete(network)
    }
    return { below, complete }
  }
}
