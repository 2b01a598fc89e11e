import { expect } from 'vitest'
import type { ResponseHead } from '../../src/http-client/response-head.ts'
import { createResponseParser, type ResponseFault } from '../../src/http-client/response-parser.ts'

/** The reading of some bytes by a parser, in a form that does not depend on how they were cut. */
export interface Reading {
  head: ResponseHead | null
  /** Latin-1. */
  body: string
  /**
   * `clean`: complete, and nothing followed. `dirty`: complete, and something followed. `closed`: completed by the end
   * of the connection. `open`: more is needed. Otherwise the fault.
   */
  ended: 'clean' | 'dirty' | 'closed' | 'open' | ResponseFault
}

interface Options {
  /** The peer closes after the pieces. */
  closes?: boolean
  headBytes?: number
}

/** Reads one response from `pieces`. Throws if events come out of order. */
export const read = (pieces: Iterable<Buffer>, options: Options = {}): Reading => createReader(options)(pieces, options)

/** Reads responses with the same parser, one a call, as a connection that is used again does. */
export const createReader = ({ headBytes = 16 * 1024 }: Options = {}) => {
  let reading: Reading
  const assert = (isRight: boolean, event: string) => {
    if (!isRight) throw new Error(`${event} while ${JSON.stringify(reading)}`)
  }
  const parser = createResponseParser(
    {
      onHead: head => {
        assert(reading.head === null && reading.ended === 'open', 'onHead')
        reading.head = head
      },
      onData: bytes => {
        assert(reading.head !== null && reading.ended === 'open' && bytes.length > 0, 'onData')
        reading.body += bytes.toString('latin1')
      },
      onEnd: isClean => {
        assert(reading.head !== null && reading.ended === 'open', 'onEnd')
        reading.ended = isClean ? 'clean' : 'dirty'
      },
      onFault: fault => {
        const isBehind = fault === 'unasked' && (reading.ended === 'clean' || reading.ended === 'dirty')
        assert(isBehind || reading.ended === 'open', 'onFault')
        reading.ended = isBehind ? 'dirty' : fault
      },
    },
    { headBytes },
  )
  return (pieces: Iterable<Buffer>, { closes = false }: Options = {}): Reading => {
    reading = { head: null, body: '', ended: 'open' }
    parser.begin()
    for (const piece of pieces) {
      parser.push(piece)
      // A connection reads nothing more after a fault either.
      if (reading.ended !== 'open' && reading.ended !== 'clean') return reading
    }
    if (closes && parser.end()) reading.ended = 'closed'
    return reading
  }
}

export const eachByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1))

/** Whole, byte by byte, and cut in two at every position. */
const deliveries = (bytes: Buffer): Buffer[][] => [
  [bytes],
  eachByte(bytes),
  ...Array.from(bytes, (_byte, at) => [bytes.subarray(0, at), bytes.subarray(at)]),
]

/** A limit for heads that are cut at every position. */
export const HEAD_BYTES = 256

/** The reading of `text`, which must be the same in every way to deliver it. */
export const readEveryWay = (text: string, closes = false): Reading => {
  const bytes = Buffer.from(text, 'latin1')
  const [whole, ...others] = deliveries(bytes).map(pieces => read(pieces, { closes, headBytes: HEAD_BYTES }))
  for (const other of others) expect(other).toEqual(whole)
  return whole as Reading
}
