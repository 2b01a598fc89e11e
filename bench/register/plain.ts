import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerMessages } from '../support/child.ts'

const ANSWER = Buffer.from(JSON.stringify({ id: 'reg_01KB0000000000000000000000', filling: 'x'.repeat(480) }))

/** The limit: node:http reads the body, checks nothing, and answers 201 with about as many bytes as the service. */
const runPlain = async () => {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    request.once('end', () => {
      response.writeHead(201, { 'content-type': 'application/json', 'content-length': ANSWER.length }).end(ANSWER)
    })
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  answerMessages(async () => ({ url: `http://127.0.0.1:${port}`, apiKey: 'none' }))
}

if (import.meta.main) await runPlain()
