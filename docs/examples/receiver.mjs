// Receives webhooks of idface-notifier and verifies them. Node 20 or later, nothing to install.
//   WEBHOOK_SECRET=whsec_… node receiver.mjs
// While a secret is being changed: both, separated by a space.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const TOLERANCE_SECONDS = 300
const MAX_BYTES = 64 * 1024

const keys = (process.env.WEBHOOK_SECRET ?? '').split(' ').map(secret => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  // Anybody could sign with an empty key.
  if (key.length < 24) throw new Error('set WEBHOOK_SECRET=whsec_…')
  return key
})

/** Whether the service has signed these very bytes, and lately. */
const isVerified = (headers, body) => {
  const id = headers['webhook-id'] ?? ''
  const timestamp = headers['webhook-timestamp'] ?? ''
  const signatures = (headers['webhook-signature'] ?? '').split(' ')
  if (id === '' || !/^[0-9]{1,12}$/.test(timestamp)) return false
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false
  return keys.some(key => {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    const expected = Buffer.from(`v1,${mac}`)
    return signatures.some(signature => {
      const given = Buffer.from(signature)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
  })
}

/** The bytes as they came; null if there are too many. */
const readBody = async request => {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const receive = async (request, response) => {
  const body = request.method === 'POST' ? await readBody(request) : null
  if (body === null) return response.writeHead(request.method === 'POST' ? 413 : 405, { connection: 'close' }).end()
  if (!isVerified(request.headers, body)) return response.writeHead(401).end()
  // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
  const { type, data } = JSON.parse(body)
  console.log(request.headers['webhook-id'], type, data.idcardid)
  response.writeHead(204).end()
}

const server = createServer((request, response) => {
  receive(request, response).catch(error => {
    console.error(error)
    if (!response.headersSent) response.writeHead(500).end()
  })
})
server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})
