import { expect, test } from 'vitest'
import { SHORT_ANSWER } from '../../src/http-client/client.ts'
import { createResponseParser } from '../../src/http-client/response-parser.ts'
import { eachByte } from './readings.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const SIZE = 256 * 1024
/** What is allowed takes a fifth of this at most, a quadratic cost at least ten times as much. */
const LIMIT_MS = 500

const names = (bytes: number) => Array.from({ length: bytes / 8 }, (_, at) => `${(at + 36 ** 3).toString(36)}:\r\n`)

/** Ms of the processor for this thread alone to read `pieces`: the process compiles and collects garbage beside it. */
const costOf = (pieces: Buffer[]): number => {
  let isOver = false
  const over = () => {
    isOver = true
  }
  const ignore = () => {}
  const parser = createResponseParser(
    { onHead: ignore, onData: ignore, onEnd: over, onFault: over },
    { headBytes: Number.POSITIVE_INFINITY },
  )
  const before = process.threadCpuUsage()
  parser.begin()
  for (const piece of pieces) if (!isOver) parser.push(piece)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}
/** Twice if it has to be, since a busy machine and the garbage of others only add to it. */
const expectCheap = (pieces: Buffer[]): void => {
  const cost = costOf(pieces)
  expect(cost < LIMIT_MS ? cost : Math.min(cost, costOf(pieces))).toBeLessThan(LIMIT_MS)
}

test.each<[claim: string, text: (bytes: number) => string]>([
  ['a head of the same short header', bytes => `${OK}${'a:\r\n'.repeat(bytes / 4)}\r\n`],
  ['a head of many headers', bytes => `${OK}${names(bytes).join('')}\r\n`],
  ['a head of connection options', bytes => `${OK}${'connection:x\r\n'.repeat(bytes / 14)}\r\n`],
  ['a head that is wrong at its end', bytes => `${OK}${'a:\r\n'.repeat(bytes / 4)}\0\r\n\r\n`],
  ['a name without a colon', bytes => `${OK}${'a'.repeat(bytes)}\r\n\r\n`],
  ['a value that is wrong at its end', bytes => `${OK}a:${'b'.repeat(bytes)}\0\r\n\r\n`],
  ['a value of blanks', bytes => `${OK}a:${' '.repeat(bytes)}b\r\n\r\n`],
  ['a reason that is wrong at its end', bytes => `HTTP/1.1 200 ${' '.repeat(bytes)}\0\r\n\r\n`],
  ['chunks of one byte', bytes => CHUNKED + '1\r\nx\r\n'.repeat(bytes / 6)],
  ['chunks with the longest extension', bytes => CHUNKED + `1;${'a'.repeat(4092)}\r\nx\r\n`.repeat(bytes / 4096)],
  ['chunks with many extensions', bytes => CHUNKED + `1${';a=b'.repeat(1000)}\r\nx\r\n`.repeat(bytes / 4096)],
  ['trailers', bytes => `${CHUNKED}0\r\n${'a:\r\n'.repeat(bytes / 4)}`],
])('256 KiB of %s cost no more than their size, and so do 16 KiB byte by byte', (_claim, text) => {
  const bytesOf = (size: number) => Buffer.from(text(size), 'latin1')
  expectCheap([bytesOf(SIZE)])
  // No longer head is read.
  expectCheap(eachByte(bytesOf(SHORT_ANSWER.headBytes)))
})
