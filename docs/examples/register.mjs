// Registers a serial with idface-notifier and waits for its verdict. Node 20 or later, and the client, from the service itself:
//   npm install https://notifier.example/docs/client-0.1.0.tgz
//   NOTIFIER_URL=https://notifier.example API_KEY=ifn_… node register.mjs 16236437872836 https://partner.example/hook
import { createClient, NotifierError } from 'idface-notifier/client'

const [idcardid, callbackUrl] = process.argv.slice(2)
if (!callbackUrl) {
  console.error('usage: node register.mjs SERIAL CALLBACK_URL, with NOTIFIER_URL and API_KEY set')
  process.exit(2)
}
const client = createClient({ baseUrl: process.env.NOTIFIER_URL, apiKey: process.env.API_KEY })

try {
  // The same serial and URL again is the same registration.
  const { id } = await client.register({ idcardid, callbackUrl, metadata: { order: '42' } })
  // The webhook comes anyway; waiting is for a page that the user looks at.
  const { status, reason, result } = await client.waitForVerdict(id, { timeoutMs: 120_000 })
  if (status === 'pending') console.log((await client.explain(id)).sentence)
  else console.log(id, status, reason ?? result?.similarity ?? '')
} catch (error) {
  if (!(error instanceof NotifierError)) throw error
  console.error(error.code, error.message)
  process.exitCode = 1
}
