import { describe, expect, test } from 'vitest'
import { HEAD_BYTES, type Reading, read, readEveryWay } from './readings.ts'

// differential.test.ts compares refusals and readings with Node's client over thousands of cases. These are the places
// where another reading would be an attack, or where we differ.

const OK = 'HTTP/1.1 200 OK\r\n'
const HELLO = '5\r\nhello\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const withHeaders = (...lines: string[]) => `${OK}${lines.map(line => `${line}\r\n`).join('')}\r\n`
const withBody = (headers: string[], body = 'hello') => withHeaders(...headers) + body

describe('a response', () => {
  test.each<[claim: string, text: string, body: string]>([
    ['a length', withBody(['CoNtEnT-LeNgTh:  005  ']), 'hello'],
    ['no reason', `HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n`, ''],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello', 'hello'],
    ['204 that names a length', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n', ''],
    ['chunks', `${CHUNKED}${HELLO}6\r\n world\r\n0\r\n\r\n`, 'hello world'],
    ['line ends in a chunk', `${CHUNKED}7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n`, '\r\n0\r\n\r\n'],
    ['extensions', `${CHUNKED}5;a;b=c;d="e\\"; \xe4"\r\nhello\r\n0;z\r\n\r\n`, 'hello'],
    ['trailers', `${CHUNKED}${HELLO}0\r\nexpires: never\r\nx-y:\r\n\r\n`, 'hello'],
    [
      'informational ones first',
      `${'HTTP/1.1 103 ?\r\nlink: <x>\r\n\r\n'.repeat(8)}${withBody(['content-length: 5'])}`,
      'hello',
    ],
  ])('with %s is read however it is cut, and ends where it ends', (_claim, text, body) => {
    expect(readEveryWay(text)).toMatchObject({ body, ended: 'clean' })
    expect(readEveryWay(`${text}H`)).toMatchObject({ body, ended: 'dirty' })
    for (let length = 0; length < text.length; length++)
      expect(read([Buffer.from(text.slice(0, length), 'latin1')], { closes: true }).ended).toBe('open')
  })

  test('without a length ends with the connection, and is incomplete before', () => {
    expect(readEveryWay(withBody(['x: y']), true)).toMatchObject({ body: 'hello', ended: 'closed' })
    expect(readEveryWay(withBody(['x: y']))).toMatchObject({ body: 'hello', ended: 'open' })
  })

  test.each<[keepAlive: boolean, version: string, line: string]>([
    [true, '1.1', 'x: y'],
    [false, '1.1', 'connection: x, \tClOsE '],
    [false, '1.0', 'x: y'],
    [true, '1.0', 'connection: Keep-Alive'],
    [false, '1.0', 'connection: keep-alive, close'],
  ])('leaves the connection open (%s) in HTTP/%s with %j', (keepAlive, version, line) => {
    const text = withHeaders(line, 'content-length: 0').replace('1.1', version)
    expect(readEveryWay(text)).toMatchObject({ head: { keepAlive }, ended: 'clean' })
  })
})

describe('is refused:', () => {
  test.each<[claim: string, text: string]>([
    ['another protocol', 'ICY 200 OK\r\n\r\n'],
    ['an empty line first', `\r\n${withHeaders('content-length: 0')}`],
    ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
    ['bare LF behind a header', withHeaders('content-length: 0\nx: y')],
    ['bare CR in a value', withHeaders('x: a\rcontent-length: 0')],
    ['a folded line', withHeaders('x: a', ' b')],
    ['a blank before the colon', withHeaders('content-length : 0')],
    ['no colon', withHeaders('content-length')],
    ['two lengths', withBody(['content-length: 5', 'content-length: 6'])],
    ['a list of lengths', withBody(['content-length: 5, 5'])],
    ['a length and chunks', withBody(['content-length: 5', 'transfer-encoding: chunked'], `${HELLO}0\r\n\r\n`)],
    ['chunked in HTTP/1.0', CHUNKED.replace('1.1', '1.0')],
    ['chunked twice', withBody(['transfer-encoding: chunked', 'transfer-encoding: chunked'], `${HELLO}0\r\n\r\n`)],
    ...['chunked, identity', 'gzip, chunked', 'xchunked', 'chunked;q=1', '', 'chunked\t', '\xa0chunked'].map(
      (value): [string, string] => [
        `transfer-encoding ${JSON.stringify(value)}`,
        withBody([`transfer-encoding: ${value}`], `${HELLO}0\r\n\r\n`),
      ],
    ),
    ...['-1', '+5', '0x5', '5.0', '', '5 5', '1'.repeat(16), '5\xa0'].map((value): [string, string] => [
      `content-length ${JSON.stringify(value)}`,
      withBody([`content-length: ${value}`]),
    ]),
  ])('a head with %s', (_claim, text) => {
    expect(readEveryWay(text, true)).toEqual({ head: null, body: '', ended: 'head' })
  })

  test.each<[fault: Reading['ended'], claim: string, text: string]>([
    ['informational', 'nine informational ones', 'HTTP/1.1 103 ?\r\n\r\n'.repeat(9)],
    ['upgrade', '101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n'],
    ['head_size', 'a reason without end', `HTTP/1.1 200 ${'x'.repeat(HEAD_BYTES)}`],
  ])('%s: %s', (ended, _claim, text) => {
    expect(readEveryWay(text, true)).toEqual({ head: null, body: '', ended })
  })

  test.each([
    ['no size', '\r\nhello\r\n0\r\n\r\n', ''],
    ['a size with a sign', '+5\r\nhello\r\n', ''],
    ['a size of nine digits', '000000005\r\nhello\r\n', ''],
    ['bare LF behind the size', '5\nhello\r\n', ''],
    ['an extension with bare CR', '5;a\rb\r\nhello\r\n', ''],
    ['an extension of over 4 KiB', `5;${'a'.repeat(4 * 1024)}\r\nhello\r\n`, ''],
    ['more data than was said', '5\r\nhello!\r\n0\r\n\r\n', 'hello'],
    ['a length in the trailer', '5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n', 'hello'],
    ['another response in the trailer', `5\r\nhello\r\n0\r\n${OK}content-length: 0\r\n\r\n`, 'hello'],
  ])('chunks with %s', (_claim, chunks, body) => {
    expect(readEveryWay(CHUNKED + chunks, true)).toMatchObject({ head: { status: 200 }, body, ended: 'chunk' })
  })
})
