import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { accountWith, NOW, openClient, SERIAL, serveAnswers, serveRaw } from './loopback.ts'

const SUCCESS = '{"code":2,"msg":"查询成功","result":{"status":"SUCCESS","similarity":"100"}}'

const transient = (cause: string) => ({ kind: 'transient', code: null, cause })
const throttled = (retryAfterMs: number | null) => ({ kind: 'throttled', code: null, retryAfterMs })

const askAt = (url: string, some: Parameters<typeof openClient>[1] = {}) =>
  openClient(url, some).ask(accountWith(), SERIAL)

const bomb = gzipSync(Buffer.alloc(20_000_000, ' '))

/** Asks a server that answers with one fixed text on the socket. */
const askRaw = async (response: string) => askAt(await serveRaw(socket => socket.end(response)))

/** Not `once`: a socket that ends with an error closes too. */
const closed = (socket: Socket) =>
  new Promise<void>(resolve => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

describe('a connection', () => {
  test('U1 that is refused is unreachable', async () => {
    expect(await askAt('http://127.0.0.1:1/GetResult.json')).toMatchObject(transient('unreachable'))
  })

  test('U1 that is refused now may be accepted later', async () => {
    let open = false
    const url = await serveRaw(socket => {
      if (open) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"code":1}`)
      else socket.resetAndDestroy()
    })
    const client = openClient(url)
    for (let call = 0; call < 10; call++) {
      expect(await client.ask(accountWith(), SERIAL)).toMatchObject(transient('unreachable'))
    }
    open = true
    expect(await client.ask(accountWith(), SERIAL)).toMatchObject({ code: 1 })
  })

  test('to a name that does not exist is unreachable', async () => {
    expect(await askAt('http://upstream.invalid/GetResult.json')).toMatchObject(transient('unreachable'))
  })

  test.each([
    ['at once', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['within the body', `HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n${SUCCESS}`],
  ])('U1 that breaks %s is unreachable', async (_, start) => {
    const closing = await serveRaw(socket => socket.end(start))
    expect(await askAt(closing)).toMatchObject(transient('unreachable'))
    const resetting = await serveRaw(socket => {
      if (start === '') socket.resetAndDestroy()
      else socket.write(start, () => socket.resetAndDestroy())
    })
    expect(await askAt(resetting)).toMatchObject(transient('unreachable'))
  })

  test.each(['220 smtp.example ESMTP\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n', '{"code":2}'])(
    'U6 that speaks no HTTP is unparseable: %j',
    async response => {
      expect(await askRaw(response)).toMatchObject(transient('unparseable'))
    },
  )

  test('U8 with endless headers is cut off', async () => {
    expect(await askRaw(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(200_000)}\r\n\r\n`)).toMatchObject(transient('too_large'))
  })
})

describe('U2 the time limit', () => {
  const timeoutMs = 150

  /** Asks a server that never gets to the end; the client must hang up. */
  /** For what ends because of what it is, not because of its time. */
  const UNHURRIED_MS = 20_000
  const askForever = async (onRequest: (socket: Socket) => void, limitMs = timeoutMs) => {
    const { promise: asked, resolve } = Promise.withResolvers<Socket>()
    const url = await serveRaw(socket => {
      resolve(socket)
      onRequest(socket)
    })
    const answer = await askAt(url, { timeoutMs: limitMs })
    await closed(await asked)
    return answer
  }

  const drip = (socket: Socket, text: string) => {
    const timer = setInterval(() => socket.write(text), 10)
    socket.on('close', () => clearInterval(timer))
  }

  test('ends a call that is never answered', async () => {
    expect(await askForever(() => {})).toMatchObject(transient('timeout'))
  })

  test('ends a body that drips', async () => {
    const answer = await askForever(socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
      drip(socket, ' ')
    })
    expect(answer).toMatchObject(transient('timeout'))
  })

  test('ends headers that drip', async () => {
    const answer = await askForever(socket => {
      socket.write('HTTP/1.1 200 OK\r\n')
      drip(socket, 'x: y\r\n')
    })
    expect(answer).toMatchObject(transient('timeout'))
  })

  test('ends endless interim responses', async () => {
    const answer = await askForever(socket => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'), UNHURRIED_MS)
    expect(answer).toEqual(transient('unparseable'))
  })

  test('ends endless chunk extensions', async () => {
    const answer = await askForever(socket => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;')
      drip(socket, 'x'.repeat(1000))
    }, UNHURRIED_MS)
    expect(answer).toMatchObject(transient('unparseable'))
  })

  test('ends a call that waits for a connection without sending it later, and the next one works', async () => {
    let answering = false
    const { url, asked } = await serveAnswers(response => {
      if (answering) response.end(SUCCESS)
    })
    const client = openClient(url, { timeoutMs, concurrency: 1 })
    const calls = [client.ask(accountWith(), 'first'), client.ask(accountWith(), 'waits')]
    expect(await Promise.all(calls)).toEqual([transient('timeout'), transient('timeout')])
    answering = true
    expect(await client.ask(accountWith(), 'next')).toMatchObject({ kind: 'verdict' })
    expect(asked.map(({ params }) => params.get('idcardid'))).toEqual(['first', 'next'])
  })

  test('keeps what the headers said when the body hangs', async () => {
    const answer = await askForever(socket => {
      socket.write('HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\ncontent-length: 10\r\n\r\n')
    })
    expect(answer).toEqual(throttled(3000))
  })
})

describe('U8 the size limit', () => {
  test('accepts a body of 64 KiB and refuses one byte more', async () => {
    const { url } = await serveAnswers(response => response.end(SUCCESS.padEnd(sizes.shift() ?? 0)))
    const padding = Buffer.byteLength(SUCCESS) - SUCCESS.length
    const sizes = [65_536 - padding, 65_537 - padding]
    const client = openClient(url)
    expect(await client.ask(accountWith(), SERIAL)).toMatchObject({ kind: 'verdict' })
    expect(await client.ask(accountWith(), SERIAL)).toMatchObject(transient('too_large'))
  })

  test.each([
    ['a length', 'content-length: 1000000000\r\n'],
    ['no length', ''],
  ])('cuts an endless body with %s off and hangs up', async (_, header) => {
    let sent = 0
    const { promise: hungUp, resolve } = Promise.withResolvers<void>()
    const block = Buffer.alloc(16_384, ' ')
    const url = await serveRaw(socket => {
      socket.on('close', () => resolve())
      const pump = () => {
        do sent += block.length
        while (socket.write(block) && !socket.destroyed)
      }
      socket.on('drain', pump)
      socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n{`)
      pump()
    })
    expect(await askAt(url)).toMatchObject(transient('too_large'))
    await hungUp
    expect(sent).toBeLessThan(20_000_000)
  })

  test.each(['gzip', 'br', 'deflate', 'identity, gzip', 'GZIP'])('decodes no %s', async encoding => {
    const { url } = await serveAnswers(response => response.setHeader('content-encoding', encoding).end(bomb))
    expect(await askAt(url)).toMatchObject(transient('unparseable'))
  })

  test('believes no plain body that claims to be encoded', async () => {
    const { url } = await serveAnswers(response => response.setHeader('content-encoding', 'gzip').end(SUCCESS))
    expect(await askAt(url)).toMatchObject(transient('unparseable'))
  })

  test('takes identity for no encoding', async () => {
    const { url } = await serveAnswers(response => response.setHeader('content-encoding', 'Identity').end(SUCCESS))
    expect(await askAt(url)).toMatchObject({ kind: 'verdict' })
  })

  test('reads a body that comes in many pieces', async () => {
    const url = await serveRaw(socket => {
      const bytes = Buffer.from(SUCCESS)
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n')
      for (const byte of bytes) socket.write(Buffer.from([0x31, 13, 10, byte, 13, 10]))
      socket.end('0\r\n\r\n')
    })
    expect(await askAt(url)).toMatchObject({ kind: 'verdict' })
  })
})

describe('a status', () => {
  test.each([201, 204, 304, 400, 401, 403, 404, 500, 502, 503, 504, 999])(
    'U3 of %i decides nothing, whatever the body says',
    async status => {
      const { url } = await serveAnswers(response => response.writeHead(status).end(status === 304 ? '' : SUCCESS))
      expect(await askAt(url)).toMatchObject(transient('http_status'))
    },
  )

  test('U3 of 500 keeps the connection for the next call', async () => {
    const sockets = new Set<unknown>()
    const { url, asked } = await serveAnswers(response => {
      sockets.add(response.socket)
      if (asked.length === 1) response.writeHead(500).end('oops')
      else response.end(SUCCESS)
    })
    const client = openClient(url, { concurrency: 1 })
    await client.ask(accountWith(), SERIAL)
    expect(await client.ask(accountWith(), SERIAL)).toMatchObject({ kind: 'verdict' })
    expect(sockets.size).toBe(1)
  })

  test.each([301, 302, 303, 307, 308])('U14 of %i is not followed: the credential goes nowhere else', async status => {
    const target = await serveAnswers(response => response.end(SUCCESS))
    const { url, asked } = await serveAnswers(response => response.writeHead(status, { location: target.url }).end())
    expect(await askAt(url)).toMatchObject(transient('http_status'))
    expect(asked).toHaveLength(1)
    expect(target.asked).toHaveLength(0)
  })

  test.each([
    [429, undefined, throttled(null)],
    [429, '2', throttled(2000)],
    [429, new Date(NOW + 30_000).toUTCString(), throttled(30_000)],
    [429, new Date(NOW - 30_000).toUTCString(), throttled(0)],
    [429, '-1', throttled(null)],
    [429, '315360000', throttled(600_000)],
    [429, 'Fri, 31 Dec 9999 23:59:59 GMT', throttled(600_000)],
    [429, 'garbage', throttled(null)],
    [503, '2', throttled(2000)],
    [503, 'garbage', transient('http_status')],
    [500, '2', transient('http_status')],
  ])('U4 of %i with Retry-After %j', async (status, retryAfter, answer) => {
    const { url } = await serveAnswers(response => {
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
      response.writeHead(status).end('{"code":2}')
    })
    expect(await askAt(url)).toMatchObject(answer)
  })
})

describe('U6 a body', () => {
  test.each([
    ['HTML', '<!DOCTYPE html><html><body>502</body></html>'],
    ['empty', ''],
    ['cut JSON', SUCCESS.slice(0, 60)],
    ['cut XML', '<GetResultResult><code>2</code><result><status>SUCCESS'],
    ['bad UTF-8', Buffer.from(SUCCESS, 'utf16le')],
    ['without a code', '{"result":{"status":"SUCCESS"}}'],
    ['U8 deep JSON', `${'{"a":'.repeat(13_000)}`],
    ['U8 deep XML', `<GetResultResult>${'<a>'.repeat(20_000)}`],
  ])('that is %s is unparseable', async (_, body) => {
    const { url } = await serveAnswers(response => response.setHeader('content-type', 'application/json').end(body))
    expect(await askAt(url)).toMatchObject(transient('unparseable'))
  })
})
