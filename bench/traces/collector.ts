import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerMessages } from '../support/child.ts'

/** A collector that counts spans and keeps nothing; with the argument `hang` it never answers. */
if (import.meta.main) {
  const hangs = process.argv.includes('hang')
  let spans = 0
  const server = createServer((request, response) => {
    request.setEncoding('latin1')
    let body = ''
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      if (hangs) return
      spans += body.split('"startTimeUnixNano"').length - 1
      response.end('{}')
    })
  })
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  })
  answerMessages(async () => ({ spans }))
}
