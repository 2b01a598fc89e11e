import { describe, expect, test } from 'vitest'
import { type HttpRequest, writeRequest } from '../../src/http-client/request.ts'

const written = (more: Partial<HttpRequest> = {}, host = 'x.test'): string =>
  writeRequest({ method: 'POST', path: '/hook?a=b', headers: [], body: null, ...more }, host).toString('latin1')

const HEAD = 'POST /hook?a=b HTTP/1.1\r\nhost: x.test\r\nconnection: keep-alive\r\n'

describe('a request', () => {
  test('has its headers in their order, and no length without a body', () => {
    const headers = ['a', '1', 'B', '', "a!#$%&'*+-.^_`|~", '\t\xe4 ~']
    expect(written({ headers })).toBe(`${HEAD}a: 1\r\nB: \r\na!#$%&'*+-.^_\`|~: \t\xe4 ~\r\n\r\n`)
  })

  test.each<[body: string, bytes: Buffer]>([
    ['', Buffer.alloc(0)],
    ['abc', Buffer.from('abc')],
    ['认证成功 \u{1f600} é', Buffer.from('认证成功 \u{1f600} é')],
    ['half a pair \ud800', Buffer.from('half a pair \ufffd')],
  ])('says how many bytes its body has: %j', (body, bytes) => {
    const all = writeRequest({ method: 'POST', path: '/hook?a=b', headers: ['x', '\xe4'], body }, 'x.test')
    const head = Buffer.from(`${HEAD}x: \xe4\r\ncontent-length: ${bytes.length}\r\n\r\n`, 'latin1')
    expect(all).toEqual(Buffer.concat([head, bytes]))
  })
})

describe('a request is refused', () => {
  const BREAKS = ['\r', '\n', '\r\nx: y', '\0', '\x7f', '\x0b', '\u010d', '\u{1f600}']

  test.each([...BREAKS, ' ', '\t', '\xe4', ''])('with %j in its path', part => {
    expect(() => written({ path: part && `/${part}` })).toThrow('not a valid request target')
  })

  test.each([...BREAKS, ' ', '\t', ':', '\xe4', '', '('])('with %j in the name of a header', part => {
    expect(() => written({ headers: ['a', 'b', part && `x${part}`, 'y'] })).toThrow('not a valid request header')
  })

  test.each(BREAKS)('with %j in the value of a header, which is not told', part => {
    expect(() => written({ headers: ['x-key', `secret${part}`] })).toThrow(/^not a valid request header: "x-key"$/)
  })
})
