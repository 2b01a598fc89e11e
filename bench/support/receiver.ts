import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerMessages, openChild } from './child.ts'

/** A receiver that answers 200 to everything and counts, as cheaply as node:http can. */
const runReceiver = async () => {
  let received = 0
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    received++
    response.writeHead(200, { 'content-length': 2 }).end('ok')
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  answerMessages(async (message: 'port' | 'count') => (message === 'port' ? port : received))
}

/** The receiver in a process of its own. */
export const openReceiver = async () => {
  const child = openChild(import.meta.filename)
  const port = await child.ask<number>('port')
  return {
    url: `http://127.0.0.1:${port}/hook`,
    pid: child.pid,
    /** Requests so far. */
    count: () => child.ask<number>('count'),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

if (import.meta.main) await runReceiver()
