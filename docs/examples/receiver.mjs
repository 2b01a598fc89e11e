// Receives webhooks of idface-notifier and verifies them. Node 20 or later, nothing to install.
//   WEBHOOK_SECRET=whsec_… node receiver.mjs
// While a secret is being changed: both, separated by a space.
import { realpathSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

// --- verify: copy from here ---

import { createHmac, timingSafeEqual } from 'node:crypto'

/** Not signed with one of the secrets, or too long ago: answer 401 with the message. */
export class WebhookRefused extends Error {}

function readKey(secret) {
  const base64 = secret.replace(/^whsec_/, '')
  const key = Buffer.from(base64, 'base64')
  // Anybody could sign with an empty key.
  if (secret !== `whsec_${base64}` || key.toString('base64') !== base64 || key.length < 24)
    throw new TypeError('a signing secret must be as it was shown, whsec_…')
  return key
}

/** Throws unless one of the secrets has signed these very bytes (a Buffer), within five minutes of `now` in epoch seconds. */
export function verify(secrets, id, timestamp, signatures, body, now = Date.now() / 1000) {
  const keys = secrets.map(readKey)
  if (!id || !/^[0-9]{1,12}$/.test(timestamp)) throw new WebhookRefused('no webhook: a header is missing or malformed')
  const age = Math.round(now - Number(timestamp))
  if (Math.abs(age) > 300) throw new WebhookRefused(`timestamp ${age} s old: is the clock right?`)
  const given = (signatures ?? '').split(' ').map(signature => Buffer.from(signature))
  for (const key of keys) {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    const expected = Buffer.from(`v1,${mac}`)
    if (given.some(one => one.length === expected.length && timingSafeEqual(one, expected))) return
  }
  throw new WebhookRefused('no signature matches: is the secret the one of this partner?')
}
// --- verify: to here ---

const MAX_BYTES = 64 * 1024

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

const receive = async (secrets, request, response) => {
  const body = request.method === 'POST' ? await readBody(request) : null
  if (body === null) return response.writeHead(request.method === 'POST' ? 413 : 405, { connection: 'close' }).end()
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = request.headers
  try {
    verify(secrets, id, timestamp, signatures, body)
  } catch (error) {
    if (!(error instanceof WebhookRefused)) throw error
    console.log(`refused: ${error.message}`)
    return response.writeHead(401, { 'content-type': 'text/plain' }).end(error.message)
  }
  // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
  const { type, data } = JSON.parse(body)
  console.log(id, type, data.idcardid ?? data.subject)
  response.writeHead(204).end()
}

const main = () => {
  const secrets = (process.env.WEBHOOK_SECRET ?? '').split(' ')
  try {
    secrets.forEach(readKey)
  } catch (error) {
    console.error(`WEBHOOK_SECRET: ${error.message}`)
    process.exit(1)
  }
  const server = createServer((request, response) => {
    receive(secrets, request, response).catch(error => {
      console.error(error)
      if (!response.headersSent) response.writeHead(500).end()
    })
  })
  server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}/`)
  })
}

const [, program] = process.argv
if (program && realpathSync(program) === fileURLToPath(import.meta.url)) main()
