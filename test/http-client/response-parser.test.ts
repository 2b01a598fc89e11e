import { describe, expect, test } from 'vitest'
import type { ResponseHead } from '../../src/http-client/response-head.ts'
import { createResponseParser } from '../../src/http-client/response-parser.ts'
import { eachByte, HEAD_BYTES, read, readEveryWay } from './readings.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const HELLO = '5\r\nhello\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`

const withHeaders = (...lines: string[]) => `${OK}${lines.map(line => `${line}\r\n`).join('')}\r\n`
const withBody = (headers: string[], body = 'hello') => withHeaders(...headers) + body

describe('a response that is valid', () => {
  test.each<[claim: string, text: string, status: number, body: string]>([
    ['a length', withBody(['content-length: 5']), 200, 'hello'],
    ['a length of 0', withBody(['content-length: 0'], ''), 200, ''],
    ['a length with leading zeros', withBody(['content-length: 005']), 200, 'hello'],
    ['blanks around the length', withBody(['content-length:  5  ']), 200, 'hello'],
    ['a name in odd case', withBody(['CoNtEnT-LeNgTh:5']), 200, 'hello'],
    ['every byte in the body', withBody(['content-length: 256'], bytesUpTo(256)), 200, bytesUpTo(256)],
    ['no reason', `HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n`, 200, ''],
    ['an empty reason', `HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n`, 200, ''],
    ['a reason in Latin-1', `HTTP/1.1 404 Fran\xe7ais\t?\r\ncontent-length: 0\r\n\r\n`, 404, ''],
    ['the highest status', 'HTTP/1.1 999 ?\r\ncontent-length: 0\r\n\r\n', 999, ''],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello', 200, 'hello'],
    ['204 that names a length', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n', 204, ''],
    ['204 that says it is chunked', 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n', 204, ''],
    ['304 that names a length', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n', 304, ''],
    ['204 without a length', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
    ['chunks', `${CHUNKED}${HELLO}6\r\n world\r\n0\r\n\r\n`, 200, 'hello world'],
    ['no chunk but the last', `${CHUNKED}0\r\n\r\n`, 200, ''],
    ['a last chunk of many zeros', `${CHUNKED}${HELLO}00000000\r\n\r\n`, 200, 'hello'],
    ['chunked in odd case', withBody(['transfer-encoding:  cHuNkEd  '], `${HELLO}0\r\n\r\n`), 200, 'hello'],
    [
      'sizes in upper and lower case',
      `${CHUNKED}A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n`,
      200,
      '01234567890123456789a',
    ],
    ['a size of eight digits', `${CHUNKED}00000005\r\nhello\r\n0\r\n\r\n`, 200, 'hello'],
    ['line ends in a chunk', `${CHUNKED}7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n`, 200, '\r\n0\r\n\r\n'],
    ['extensions', `${CHUNKED}5;a;b=c;d="e\\"; \xe4"\r\nhello\r\n0;z\r\n\r\n`, 200, 'hello'],
    ['trailers', `${CHUNKED}${HELLO}0\r\nexpires: never\r\nx-y:\r\n\r\n`, 200, 'hello'],
    [
      'eight informational ones first',
      `${'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n'.repeat(8)}${withBody(['content-length: 5'])}`,
      200,
      'hello',
    ],
    [
      'informational ones with a length',
      `HTTP/1.1 150 ?\r\ncontent-length: 5\r\n\r\n${withBody(['content-length: 5'])}`,
      200,
      'hello',
    ],
  ])('%s', (_claim, text, status, body) => {
    expect(readEveryWay(text)).toMatchObject({ head: { status }, body, ended: 'clean' })
    expect(readEveryWay(`${text}H`)).toMatchObject({ head: { status }, body, ended: 'dirty' })
    for (let length = 0; length < text.length; length++)
      expect(read([Buffer.from(text.slice(0, length), 'latin1')], { closes: true }).ended).toBe('open')
  })

  test('without a length ends with the connection, and is incomplete before', () => {
    expect(readEveryWay(withBody(['x: y']), true)).toMatchObject({ body: 'hello', ended: 'closed' })
    expect(readEveryWay(withBody(['x: y'], ''), true)).toMatchObject({ body: '', ended: 'closed' })
    expect(readEveryWay(withBody(['x: y']))).toMatchObject({ body: 'hello', ended: 'open' })
  })

  test('has its headers by lower-case names, without blanks around values, and of several values the first', () => {
    const lines = [
      'Date: then',
      'date: now',
      'x:',
      'Y: \t a \t b\xa0 \t',
      '__proto__: z',
      "a!#$%&'*+-.^_`|~9: :c",
      'content-length: 0',
    ]
    const { head } = readEveryWay(withHeaders(...lines))
    expect([...(head as ResponseHead).headers]).toEqual([
      ['date', 'then'],
      ['x', ''],
      ['y', 'a \t b\xa0'],
      ['__proto__', 'z'],
      ["a!#$%&'*+-.^_`|~9", ':c'],
      ['content-length', '0'],
    ])
  })

  test('may have a head of exactly the limit', () => {
    const filler = HEAD_BYTES - withHeaders('content-length: 5', 'x:').length
    const text = withBody(['content-length: 5', `x:${'y'.repeat(filler)}`])
    expect(readEveryWay(text)).toMatchObject({ body: 'hello', ended: 'clean' })
    expect(readEveryWay(text.replace('x:', 'x:y'))).toEqual({ head: null, body: '', ended: 'head_size' })
  })

  test.each<[keepAlive: boolean, version: string, lines: string[]]>([
    [true, '1.1', []],
    [true, '1.1', ['connection: keep-alive']],
    [true, '1.1', ['connection: closed']],
    [false, '1.1', ['connection: close']],
    [false, '1.1', ['connection: x, \tClOsE ']],
    [false, '1.1', ['connection: keep-alive, close']],
    [false, '1.1', ['connection: keep-alive', 'connection: x', 'connection: close']],
    [false, '1.0', []],
    [true, '1.0', ['connection: Keep-Alive']],
    [false, '1.0', ['connection: keep-alive, close']],
    [false, '1.0', ['connection: keep-alive\xa0']],
  ])('leaves the connection open (%s) in HTTP/%s with %j', (keepAlive, version, lines) => {
    const text = withHeaders(...lines, 'content-length: 0').replace('1.1', version)
    expect(readEveryWay(text)).toMatchObject({ head: { keepAlive }, ended: 'clean' })
  })

  test('whose body ends with the connection leaves none open', () => {
    expect(readEveryWay(withHeaders('connection: keep-alive'), true).head).toMatchObject({ keepAlive: false })
  })
})

function bytesUpTo(count: number): string {
  return String.fromCharCode(...Array(count).keys())
}

describe('a parser', () => {
  const text = `HTTP/1.1 100 ?\r\n\r\n${CHUNKED}${HELLO}${HELLO}0\r\n\r\nmore`
  type Event = 'head' | 'data' | 'end' | 'fault'

  const openParser = (resetAt: Event | null) => {
    const events: Event[] = []
    const note = (event: Event) => () => {
      events.push(event)
      if (event === resetAt) parser.reset()
    }
    const parser = createResponseParser(
      { onHead: note('head'), onData: note('data'), onEnd: note('end'), onFault: note('fault') },
      { headBytes: HEAD_BYTES },
    )
    return { parser, events }
  }

  test.each<[resetAt: Event, body: string, expected: Event[]]>([
    ['head', text, ['head']],
    ['data', text, ['head', 'data']],
    ['end', text, ['head', 'data', 'data', 'end']],
    ['head', withBody(['content-length: 5']), ['head']],
    ['data', withBody(['content-length: 5']), ['head', 'data']],
    ['data', withBody(['x: y']), ['head', 'data']],
    ['head', withBody(['content-length: 0'], ''), ['head']],
  ])('that is reset in on %s reports nothing more of that read', (resetAt, body, expected) => {
    const { parser, events } = openParser(resetAt)
    parser.begin()
    parser.push(Buffer.from(body))
    expect(events).toEqual(expected)
    expect(parser.end()).toBe(false)
    expect(events).toEqual(expected)
  })

  test('takes unasked bytes as a fault', () => {
    const { parser, events } = openParser(null)
    parser.push(Buffer.from(withBody(['content-length: 5'])))
    expect(events).toEqual(['fault'])
    expect(parser.end()).toBe(false)
  })

  test('reads one response after the other, and counts informational ones anew', () => {
    const { parser, events } = openParser(null)
    for (let i = 0; i < 3; i++) {
      parser.begin()
      for (const byte of eachByte(
        Buffer.from(`${'HTTP/1.1 100 ?\r\n\r\n'.repeat(8)}${withBody(['content-length: 1'], 'x')}`),
      ))
        parser.push(byte)
    }
    expect(events).toEqual(Array(3).fill(['head', 'data', 'end']).flat())
  })

  test('drops half a head at a new request', () => {
    const { parser, events } = openParser(null)
    parser.begin()
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\nx'))
    parser.begin()
    parser.push(Buffer.from(withBody(['content-length: 0'], '')))
    expect(events).toEqual(['head', 'end'])
  })
})
