import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { createRandom } from '../e2e/seeded-random.ts'
import { mutate } from './mutate.ts'
import { type NodeReading, readWithNode } from './node-client.ts'
import { createReader, eachByte, type Reading, read } from './readings.ts'

const CASES = Number(process.env.WIRE_CASES ?? 20_000)
const SEED = Number(process.env.WIRE_SEED ?? 1)
const USED = [
  'content-length',
  'transfer-encoding',
  'retry-after',
  'content-encoding',
  'date',
  'keep-alive',
  'connection',
]

interface Stricter {
  why: string
  example: string
  is: (text: string, ended: Reading['ended']) => boolean
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n'
const ENCODING = String.raw`\r\ntransfer-encoding:`

/** What Node accepts and we refuse, on purpose. */
const STRICTER: Stricter[] = [
  {
    why: 'another version',
    example: 'HTTP/2.0 200 OK\r\n\r\n',
    is: text => /HTTP\/(?:2\.0|0\.9) /.test(text),
  },
  {
    why: 'line ends before a response',
    example: `\r\n${OK}\r\n`,
    is: text => /(?:^|\r\n\r\n)[\r\n]+HTTP\//.test(text),
  },
  {
    why: 'a status below 100',
    example: 'HTTP/1.1 099 OK\r\n\r\n',
    is: text => /HTTP\/1\.[01] 0/.test(text),
  },
  {
    why: 'control characters in a reason',
    example: 'HTTP/1.1 200 O\0K\r\n\r\n',
    is: text => /HTTP\/1\.[01] \d{3} [^\r\n]*[\p{Cc}--[\t\r\n\x80-\x9f]]/v.test(text),
  },
  {
    why: 'a transfer encoding other than chunked alone: gzip, chunked has to be decoded, and elsewhere it is not sure where the body ends',
    example: `${OK}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\nhello`,
    is: (text, ended) =>
      ended === 'head' && new RegExp(`${ENCODING}(?! *chunked *\r\n)|(?:${ENCODING}.*){2}`, 'is').test(text),
  },
  {
    why: 'chunks in HTTP/1.0',
    example: `HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKS}`,
    is: (text, ended) => ended === 'head' && /HTTP\/1\.0 .*transfer-encoding:/is.test(text),
  },
  {
    why: 'a length of more than 15 digits, or with a tab',
    example: `${OK}content-length: 5\t\r\n\r\nhello`,
    is: (text, ended) => ended === 'head' && /\r\ncontent-length:(?:.*\t| *\d{16})/i.test(text),
  },
  {
    why: 'a chunk size of more than 8 digits',
    example: `${CHUNKED}00000000${CHUNKS}`,
    is: (text, ended) => ended === 'chunk' && /^[\da-f]{9}/im.test(text),
  },
  {
    why: 'a chunk extension without a name or a value, or with half of it in quotes',
    example: `${CHUNKED}5;=;a=\r\nhello\r\n0\r\n\r\n`,
    is: (text, ended) => ended === 'chunk' && /;=|=[;\r]|[^=]"/.test(text),
  },
  {
    why: 'a chunk line or trailer of more than 4 KiB',
    example: `${CHUNKED}5\r\nhello\r\n0\r\nx: ${'y'.repeat(4 * 1024)}\r\n\r\n`,
    is: (text, ended) => ended === 'chunk' && text.length > 4 * 1024,
  },
  {
    why: 'a transfer encoding in a trailer',
    example: `${CHUNKED}5\r\nhello\r\n0\r\ntransfer-encoding: x\r\n\r\n`,
    is: (text, ended) => ended === 'chunk' && /\r\n0+(?:;[^\r]*)?\r\n.*transfer-encoding:/is.test(text),
  },
  {
    why: 'more than eight informational ones',
    example: `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)}${OK}\r\n`,
    is: (text, ended) => ended === 'informational' && text.split('HTTP/1.').length > 9,
  },
  {
    why: '101 that names no protocol',
    example: `HTTP/1.1 101 Switching Protocols\r\n\r\n${OK}\r\n`,
    is: (_text, ended) => ended === 'upgrade',
  },
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
  const named = USED.filter(name => name !== 'connection' && node.headers.get(name) !== head.headers.get(name))
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
  const isKnown = STRICTER.some(({ is }) => is(text, ours.ended))
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

test.each(STRICTER)('is stricter than Node about $why', async ({ example, is }) => {
  const bytes = Buffer.from(example, 'latin1')
  const { ended } = read([bytes], { closes: true })
  expect(['head', 'chunk', 'informational', 'upgrade']).toContain(ended)
  expect(is(example, ended)).toBe(true)
  expect(await readWithNode(bytes)).not.toBeNull()
})
