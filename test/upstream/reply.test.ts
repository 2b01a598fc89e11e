import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { accountWith, NOW, openClient, SERIAL, serveAnswers, serveRaw } from './loopback.ts'

const SUCCESS = '{"code":2,"msg":"查询成功","result":{"status":"SUCCESS","similarity":"100"}}'

const transient = (cause: string) => ({ kind: 'transient', code: null, cause })
const throttled = (retryAfterMs: number | null) => ({ kind: 'throttled', code: null, retryAfterMs })

const askAt = (url: string, some: Parameters<typeof openClient>[1] = {}) =>
  openClient(url, some).ask(accountWith(), SERIAL)

/** Calls a server that answers with one fixed text on the socket. */
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

  test.each(['220 smtp.example ESMTP\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n', '{"code":2}'])(
    'U6 that speaks no HTTP is unparseable: %j',
    async response => {
      expect(await askRaw(response)).toMatchObject(transient('unparseable'))
    },
  )
})

describe('U2 the time limit', () => {
  const timeoutMs = 150

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
})

describe('a status', () => {
  test.each([302, 307])('U14 of %i is not followed: the credential goes nowhere else', async status => {
    const target = await serveAnswers(response => response.end(SUCCESS))
    const { url } = await serveAnswers(response => response.writeHead(status, { location: target.url }).end())
    expect(await askAt(url)).toMatchObject(transient('http_status'))
    expect(target.asked).toEqual([])
  })

  test.each([201, 204, 304, 400, 401, 403, 404, 500, 502, 503, 504, 999])(
    'U3 of %i decides nothing, whatever the body says',
    async status => {
      const { url } = await serveAnswers(response => response.writeHead(status).end(status === 304 ? '' : SUCCESS))
      expect(await askAt(url)).toMatchObject(transient('http_status'))
    },
  )

  test.each([
    [429, undefined, throttled(null)],
    [429, '2', throttled(2000)],
    [429, new Date(NOW + 30_000).toUTCString(), throttled(30_000)],
    [429, '-1', throttled(null)],
    [429, '315360000', throttled(600_000)],
    [429, 'garbage', throttled(null)],
    [503, '2', throttled(2000)],
    [500, '2', transient('http_status')],
  ])('U4 of %i with Retry-After %j', async (status, retryAfter, answer) => {
    const { url } = await serveAnswers(response => {
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
      response.writeHead(status).end('{"code":2}')
    })
    expect(await askAt(url)).toMatchObject(answer)
  })
})

test('a page in the place of GetResult was told without its type', async () => {
  const answerOf = async (type: string, body: string) => {
    const { url } = await serveAnswers(response => response.setHeader('content-type', type).end(body))
    return askAt(url)
  }
  expect(await answerOf('Text/HTML; charset=utf-8', '<html>502')).toEqual({
    ...transient('unparseable'),
    detail: 'text/html',
  })
  expect(await answerOf('application/json', '{}')).toEqual({ ...transient('unparseable'), detail: 'application/json' })
  expect(await answerOf('text/plain', 'x'.repeat(70_000))).toEqual({ ...transient('too_large'), detail: 'text/plain' })
  expect(await answerOf('any text', 'x')).toEqual(transient('unparseable'))
})

describe('U6 a body', () => {
  test.each([
    ['without a code', '{"result":{"status":"SUCCESS"}}'],
    ['U8 deep JSON', `${'{"a":'.repeat(13_000)}`],
    ['U8 deep XML', `<GetResultResult>${'<a>'.repeat(20_000)}`],
  ])('that is %s is unparseable', async (_, body) => {
    const { url } = await serveAnswers(response => response.setHeader('content-type', 'application/json').end(body))
    expect(await askAt(url)).toMatchObject(transient('unparseable'))
  })
})
