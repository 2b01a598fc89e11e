import { describe, expect, test } from 'vitest'
import { HEAD_BYTES, type Reading, readEveryWay } from './readings.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const HELLO = '5\r\nhello\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`

const withHeaders = (...lines: string[]) => `${OK}${lines.map(line => `${line}\r\n`).join('')}\r\n`
const withBody = (headers: string[], body = 'hello') => withHeaders(...headers) + body

describe('is no response', () => {
  test.each([
    ['the other version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a version of its own', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['HTTP/0.9', 'HTTP/0.9 200 OK\r\n\r\n'],
    ['lower case', 'http/1.1 200 OK\r\n\r\n'],
    ['another protocol', 'ICY 200 OK\r\n\r\n'],
    ['an empty line first', `\r\n${withHeaders('content-length: 0')}`],
    ['a blank first', ` ${withHeaders('content-length: 0')}`],
    ['two blanks before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['a tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n'],
    ['a tab behind the status', 'HTTP/1.1 200\tOK\r\n\r\n'],
    ['no blank behind the status', 'HTTP/1.1 200OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['a status of 000', 'HTTP/1.1 000 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 1000 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 \r\n\r\n'],
    ['nothing but a version', 'HTTP/1.1\r\n\r\n'],
    ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
    ['bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n'],
    ['bare LF behind the reason', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
    ['bare LF behind a header', withHeaders('content-length: 0\nx: y')],
    ['bare LF for the empty line', `${OK}content-length: 0\r\n\nx\r\n\r\n`],
    ['bare CR in a value', withHeaders('x: a\rcontent-length: 0')],
    ['bare CR behind a value', withHeaders('x: a\r', 'content-length: 0')],
    ['NUL in a value', withHeaders('x: a\0b')],
    ['NUL in a name', withHeaders('a\0b: x')],
    ['DEL in a value', withHeaders('x: a\x7fb')],
    ['VT before a value', withHeaders('content-length:\x0b0')],
    ['a folded line', withHeaders('x: a', ' b')],
    ['a line folded with a tab', withHeaders('x: a', '\tb')],
    ['a first line that is folded', withHeaders(' x: a')],
    ['a line of blanks', withHeaders('x: a', ' ')],
    ['a blank before the colon', withHeaders('content-length : 0')],
    ['a tab before the colon', withHeaders('content-length\t: 0')],
    ['a blank in a name', withHeaders('content length: 0')],
    ['no name', withHeaders(': x')],
    ['no colon', withHeaders('content-length')],
    ['a name in Latin-1', withHeaders('\xe4: x')],
    ['two lengths', withBody(['content-length: 5', 'content-length: 6'])],
    ['the same length twice', withBody(['content-length: 5', 'Content-Length: 5'])],
    ['a list of lengths', withBody(['content-length: 5, 5'])],
    ['a length and chunks', withBody(['content-length: 5', 'transfer-encoding: chunked'], `${HELLO}0\r\n\r\n`)],
    ['chunks and a length', withBody(['transfer-encoding: chunked', 'content-length: 5'], `${HELLO}0\r\n\r\n`)],
    ['a length and an encoding that is no transfer encoding', withBody(['content-length: 5', 'transfer-encoding: x'])],
    ['204 with two lengths', 'HTTP/1.1 204 ?\r\ncontent-length: 5\r\ncontent-length: 0\r\n\r\n'],
    ['an informational one with two lengths', 'HTTP/1.1 103 ?\r\ncontent-length: 5\r\ncontent-length: 0\r\n\r\n'],
    ['chunked in HTTP/1.0', CHUNKED.replace('1.1', '1.0')],
    ...[
      ...[
        'chunked, identity',
        'identity, chunked',
        'chunked, chunked',
        'gzip, chunked',
        'chunked, gzip',
        'identity',
        'gzip',
      ],
      ...[
        'xchunked',
        'chunkedx',
        'chunked;q=1',
        'chunked,',
        ',chunked',
        '"chunked"',
        'chunk ed',
        '',
        'chunked\t',
        '\tchunked',
      ],
      ...['\xa0chunked', 'chunked\xa0', '\x85chunked'],
    ].map(value => [
      `transfer-encoding ${JSON.stringify(value)}`,
      withBody([`transfer-encoding: ${value}`], `${HELLO}0\r\n\r\n`),
    ]),
    [
      'transfer-encoding twice',
      withBody(['transfer-encoding: chunked', 'transfer-encoding: chunked'], `${HELLO}0\r\n\r\n`),
    ],
    ...[
      '-1',
      '+5',
      '0x5',
      '5a',
      '5.0',
      '1e1',
      '',
      '5 5',
      '5;',
      '"5"',
      '1'.repeat(16),
      '\xa05',
      '5\xa0',
      '5\t',
      '\u00b2',
    ].map(value => [`content-length ${JSON.stringify(value)}`, withBody([`content-length: ${value}`])]),
  ])('a head with %s', (_claim, text) => {
    expect(readEveryWay(text, true)).toEqual({ head: null, body: '', ended: 'head' })
  })

  test.each<[fault: Reading['ended'], claim: string, text: string]>([
    ['informational', 'nine informational ones', 'HTTP/1.1 103 ?\r\n\r\n'.repeat(9)],
    ['informational', 'one that closes', 'HTTP/1.1 103 ?\r\nconnection: close\r\n\r\n'],
    ['informational', 'one of HTTP/1.0', 'HTTP/1.0 100 Continue\r\n\r\n'],
    ['upgrade', '101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n'],
    ['upgrade', '101 behind 100', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 ?\r\n\r\n'],
    ['head', 'something else behind 100', 'HTTP/1.1 100 Continue\r\n\r\nhello'],
    ['head_size', 'a reason without end', `HTTP/1.1 200 ${'x'.repeat(HEAD_BYTES)}`],
    ['head', 'another protocol without end', 'x'.repeat(2 * HEAD_BYTES)],
  ])('%s: %s', (ended, _claim, text) => {
    expect(readEveryWay(text, true)).toEqual({ head: null, body: '', ended })
  })
})

describe('chunks are refused', () => {
  test.each([
    ['no size', '\r\nhello\r\n0\r\n\r\n', ''],
    ['a size in another base', '0x5\r\nhello\r\n', ''],
    ['a size of nine digits', '000000005\r\nhello\r\n', ''],
    ['a negative size', '-5\r\nhello\r\n', ''],
    ['a size with a sign', '+5\r\nhello\r\n', ''],
    ['a blank before the size', ' 5\r\nhello\r\n', ''],
    ['a blank behind the size', '5 \r\nhello\r\n', ''],
    ['a blank before an extension', '5 ;a\r\nhello\r\n', ''],
    ['bare LF behind the size', '5\nhello\r\n', ''],
    ['bare CR behind the size', '5\rhello\r\n', ''],
    ['two CRs behind the size', '5\r\r\nhello\r\n', ''],
    ['an extension without a name', '5;\r\nhello\r\n', ''],
    ['an extension with a blank', '5;a b\r\nhello\r\n', ''],
    ['an extension with NUL', '5;a\0\r\nhello\r\n', ''],
    ['an extension with bare CR', '5;a\rb\r\nhello\r\n', ''],
    ['an extension with an open quote', '5;a="b\r\nhello\r\n', ''],
    ['text behind a quote', '5;a="b"c\r\nhello\r\n', ''],
    ['an extension of over 4 KiB', `5;${'a'.repeat(4 * 1024)}\r\nhello\r\n`, ''],
    ['no line end behind the data', '5\r\nhello0\r\n\r\n', 'hello'],
    ['more data than was said', '5\r\nhello!\r\n0\r\n\r\n', 'hello'],
    ['bare LF behind the data', '5\r\nhello\n0\r\n\r\n', 'hello'],
    ['bare CR behind the data', '5\r\nhello\r0\r\n\r\n', 'hello'],
    ['bare LF for the empty line', '5\r\nhello\r\n0\r\n\n', 'hello'],
    ['a trailer without a colon', '5\r\nhello\r\n0\r\nx\r\n\r\n', 'hello'],
    ['a trailer without a name', '5\r\nhello\r\n0\r\n: x\r\n\r\n', 'hello'],
    ['a trailer with a blank before its colon', '5\r\nhello\r\n0\r\nx : y\r\n\r\n', 'hello'],
    ['a folded trailer', '5\r\nhello\r\n0\r\nx: y\r\n z\r\n\r\n', 'hello'],
    ['a trailer with NUL', '5\r\nhello\r\n0\r\nx: \0\r\n\r\n', 'hello'],
    ['a trailer of over 4 KiB', `5\r\nhello\r\n0\r\nx: ${'y'.repeat(4 * 1024)}\r\n\r\n`, 'hello'],
    ['a length in the trailer', '5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n', 'hello'],
    ['an encoding in the trailer', '5\r\nhello\r\n0\r\ntransfer-encoding: chunked\r\n\r\n', 'hello'],
    ['another response in the trailer', `5\r\nhello\r\n0\r\n${OK}content-length: 0\r\n\r\n`, 'hello'],
  ])('%s', (_claim, chunks, body) => {
    expect(readEveryWay(CHUNKED + chunks, true)).toMatchObject({ head: { status: 200 }, body, ended: 'chunk' })
  })

  test.each([
    [4 * 1024, 'clean'],
    [4 * 1024 + 1, 'chunk'],
  ])('a line of %d bytes: %s', (length, ended) => {
    const line = `5;${'a'.repeat(length - 4)}\r\n`
    expect(readEveryWay(`${CHUNKED}${line}hello\r\n0\r\n\r\n`)).toMatchObject({ ended })
  })
})
