// Receives webhooks of idface-notifier and verifies them. Node 20 or later, nothing to install.
//   WEBHOOK_SECRET=whsec_… node receiver.mjs
// While a secret is being changed: both, separated by a space.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const TOLERANCE_SECONDS = 300
const MAX_BYTES = 64 * 1024

const keys = (process.env.WEBHOOK_SECRET ?? '').split(' ').map(secret => {
  const [, base64 = ''] = /^whsec_(.*)$/.exec(secret) ?? []
  const key = Buffer.from(base64, 'base64')
  // Anybody could sign with an empty key.
  if (key.length < 24 || key.toString('base64') !== base64) {
    console.error('WEBHOOK_SECRET must be the signing secret as it was shown, whsec_…')
    process.exit(1)
  }
  return key
})

/** Null where the service has signed these very bytes, and lately; or why not. */
const reasonToRefuse = (headers, body) => {
  const id = headers['webhook-id'] ?? ''
  const timestamp = headers['webhook-timestamp'] ?? ''
  const signatures = (headers['webhook-signature'] ?? '').split(' ')
  if (id === '' || !/^[0-9]{1,12}$/.test(timestamp)) return 'no webhook: its headers are missing or malformed'
  const ageSeconds = Math.round(Date.now() / 1000 - Number(timestamp))
  if (Math.abs(ageSeconds) > TOLERANCE_SECONDS) return `timestamp ${ageSeconds} s old: is the clock right?`
  const isSigned = keys.some(key => {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    const expected = Buffer.from(`v1,${mac}`)
    return signatures.some(signature => {
      const given = Buffer.from(signature)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
  })
  return isSigned ? null : 'no signature matches: is WEBHOOK_SECRET the one of this partner?'
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
  const reason = reasonToRefuse(request.headers, body)
  if (reason !== null) {
    console.log(`refused: ${reason}`)
    return response.writeHead(401, { 'content-type': 'text/plain' }).end(reason)
  }
  // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
  const { type, data } = JSON.parse(body)
  console.log(request.headers['webhook-id'], type, data.idcardid ?? data.callbackUrl)
  response.writeHead(204).end()
}

const server = createServer((request, response) => {
  receive(request, response).catch(error => {
    console.error(error)
    if (!response.headersSent) response.writeHead(500).end()
  })
})
server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/`)
})
