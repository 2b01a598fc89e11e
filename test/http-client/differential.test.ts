import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { createRandom } from '../e2e/seeded-random.ts'
import { mutate } from './mutate.ts'
import { type NodeReading, readWithNode } from './node-client.ts'
import { createReader, eachByte, type Reading, read } from './readings.ts'

const CASES = Number(process.env.WIRE_CASES ?? 10_000)
const SEED = Number(process.env.WIRE_SEED ?? 1)
const USED = ['content-length', 'transfer-encoding', 'retry-after', 'content-encoding', 'date', 'keep-alive']

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n'
/** Encodings other than chunked, or several: a body would have to be decoded, or it is not sure where it ends. */
const OTHER_ENCODING = /\r\ntransfer-encoding:(?! *chunked *\r\n)|(?:\r\ntransfer-encoding:.*){2}/is

/** The responses that Node accepts and we refuse, on purpose: the reason, where our parser ends, the texts, an example. */
const STRICTER: readonly [why: string, ended: Reading['ended'] | null, texts: RegExp, example: string][] = [
  ['another version', null, /HTTP\/(?:2\.0|0\.9) /, 'HTTP/2.0 200 OK\r\n\r\n'],
  ['line ends before a response', null, /(?:^|\r\n\r\n)[\r\n]+HTTP\//, `\r\n${OK}\r\n`],
  ['a status below 100', null, /HTTP\/1\.[01] 0/, 'HTTP/1.1 099 OK\r\n\r\n'],
  [
    'control characters in a reason',
    null,
    /HTTP\/1\.[01] \d{3} [^\r\n]*[\p{Cc}--[\t\r\n\x80-\x9f]]/v,
    'HTTP/1.1 200 O\0K\r\n\r\n',
  ],
  [
    'an encoding other than chunked alone',
    'head',
    OTHER_ENCODING,
    `${OK}transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\nhello`,
  ],
  ['chunks in HTTP/1.0', 'head', /HTTP\/1\.0 .*transfer-encoding:/is, `${CHUNKED}${CHUNKS}`.replace('1.1', '1.0')],
  [
    'a length of more than 15 digits, or with a tab',
    'head',
    /\r\ncontent-length:(?:.*\t| *\d{16})/i,
    `${OK}content-length: 5\t\r\n\r\nhello`,
  ],
  ['a chunk size of more than 8 digits', 'chunk', /^[\da-f]{9}/im, `${CHUNKED}00000000${CHUNKS}`],
  [
    'a chunk extension without a name or a value, or with half of it in quotes',
    'chunk',
    /;=|=[;\r]|[^=]"/,
    `${CHUNKED}5;=;a=\r\nhello\r\n0\r\n\r\n`,
  ],
  [
    'a chunk line or trailer of more than 4 KiB',
    'chunk',
    /^.{4097}/s,
    `${CHUNKED}5\r\nhello\r\n0\r\nx: ${'y'.repeat(4 * 1024)}\r\n\r\n`,
  ],
  [
    'a transfer encoding in a trailer',
    'chunk',
    /\r\n0+(?:;[^\r]*)?\r\n.*transfer-encoding:/is,
    `${CHUNKED}5\r\nhello\r\n0\r\ntransfer-encoding: x\r\n\r\n`,
  ],
  [
    'more than eight informational ones',
    'informational',
    /(?:HTTP\/1\..*){9}/s,
    `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)}${OK}\r\n`,
  ],
  ['101 that names no protocol', 'upgrade', /^/, `HTTP/1.1 101 Switching Protocols\r\n\r\n${OK}\r\n`],
]

/** The bytes up to where our parser found the end of the response. */
const upToEnd = (bytes: Buffer): Buffer => {
  let length = 0
  const counted = function* () {
    for (const byte of eachByte(bytes)) {
      yield byte
      length++
    }
  }
  read(counted())
  return bytes.subarray(0, length)
}

const differences = ({ head, body }: Reading, node: NodeReading | null): string[] => {
  if (!head || !node) return ['refused by Node']
  const kept = head.keepAlive && !node.keepAlive ? ['keepAlive'] : []
  const parts = [node.status !== head.status ? 'status' : '', node.body !== body ? 'body' : ''].filter(Boolean)
  const named = USED.filter(name => node.headers[name]?.[0] !== head.headers.get(name))
  return [...kept, ...parts, ...named]
}

/** `wrong` is null where both agree, or where we are stricter for a reason. */
const compare = async (text: string): Promise<{ isRead: boolean; wrong: string | null }> => {
  const bytes = Buffer.from(text, 'latin1')
  const ours = read([bytes], { closes: true })
  const inBytes = read(eachByte(bytes), { closes: true })
  if (!isDeepStrictEqual(ours, inBytes)) return { isRead: true, wrong: 'depends on how it is cut' }
  const isRead = ours.ended === 'clean' || ours.ended === 'dirty' || ours.ended === 'closed'
  // Node fails as well if anything follows a response.
  const node = await readWithNode(ours.ended === 'dirty' ? upToEnd(bytes) : bytes)
  if (isRead) return { isRead, wrong: differences(ours, node).join() || null }
  if (node === null) return { isRead, wrong: null }
  const isKnown = STRICTER.some(([, ended, texts]) => (ended ?? ours.ended) === ours.ended && texts.test(text))
  return { isRead, wrong: isKnown ? null : `refused for no known reason: ${ours.ended}` }
}

test(`of ${CASES} mutated responses none is read in another way than by Node's client (seed ${SEED})`, {
  timeout: 3_600_000,
}, async () => {
  const random = createRandom(SEED)
  const wrong: string[] = []
  let readCount = 0
  for (let count = 0; count < CASES; count++) {
    const text = mutate(random)
    const compared = await compare(text)
    if (compared.isRead) readCount++
    if (compared.wrong !== null) wrong.push(`${compared.wrong}: ${JSON.stringify(text)}`)
  }
  expect(wrong.slice(0, 20)).toEqual([])
  // Enough of them are still responses, so that this compares something.
  expect(readCount).toBeGreaterThan(CASES / 10)
})

test(`of ${CASES} mutated responses none is read in another way behind another one on its connection (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const wrong: string[] = []
  let readCount = 0
  let reader = createReader()
  for (let count = 0; count < CASES; count++) {
    const bytes = Buffer.from(mutate(random), 'latin1')
    const cut = Math.floor(random() * bytes.length)
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
    const behind = reader(pieces)
    if (!isDeepStrictEqual(behind, read(pieces))) wrong.push(JSON.stringify(bytes.toString('latin1')))
    // As a connection does: only after a response that ended it takes another one.
    if (behind.ended === 'clean') readCount++
    else reader = createReader()
  }
  expect(wrong.slice(0, 20)).toEqual([])
  expect(readCount).toBeGreaterThan(CASES / 20)
})

test.each(STRICTER)('is stricter than Node about %s', async (_, end, texts, example) => {
  const bytes = Buffer.from(example, 'latin1')
  const { ended } = read([bytes], { closes: true })
  expect(['head', 'chunk', 'informational', 'upgrade']).toContain(ended)
  expect(end ?? ended).toBe(ended)
  expect(example).toMatch(texts)
  expect(await readWithNode(bytes)).not.toBeNull()
})
