import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createAdminClient, createApiClient, eventually } from '../../support/api-client.ts'
import { type DnsReply, openFakeDns } from '../../support/fake-dns.ts'
import { ACCOUNT, ADMIN_TOKEN, openService, serviceEnvironment } from '../../support/service.ts'
import { openUpstreamSimulator } from '../../support/upstream.ts'
import { LOOPBACK, METADATA, PORT, PRIVATE, PRIVATE_V6, PUBLIC } from '../support/addresses.ts'
import { openDenied, openEgressProxy, openPublic, totalOf } from '../support/listeners.ts'

export interface WholeService {
  denied: number
  public: number
  /** Requests to the proxy of the environment by the service, and by a plain `fetch` afterwards. */
  proxied: number
  proxiedPlain: number
  /** Status of registering a literal, by URL, and whether the detail names the address. */
  literals: Record<string, { status: number; text: string }>
  /** By name: how the delivery ended, and the attempts as the partner sees them. */
  names: Record<string, { state: string; attempts: number; told: string[] }>
  /** The outcome of `callbacks/test`, by name. */
  tested: Record<string, { status: number; error: string | null }>
  /** The failures in the operator's log. */
  logged: string[]
}

const NAMES: Record<string, readonly DnsReply[]> = {
  'public.example': [[PUBLIC]],
  'private.example': [[PRIVATE]],
  'mixed.example': [[PUBLIC, PRIVATE]],
  'metadata.example': [[METADATA]],
  'loopback.example': [[LOOPBACK]],
  'private-v6.example': [[PRIVATE_V6]],
  'mapped.example': [['::ffff:a00:5']],
}

/** The system's resolver takes no port, so queries to port 53 are passed on. */
const relayNameServer = async (server: string) => {
  const port = Number(server.split(':')[1])
  const relay = createSocket('udp4')
  relay.on('message', (query, from) => {
    const asking = createSocket('udp4')
    asking.once('message', answer => {
      relay.send(answer, from.port, from.address)
      asking.close()
    })
    asking.send(query, port, '127.0.0.1')
  })
  relay.bind(53, '127.0.0.1')
  await once(relay, 'listening')
}

const dns = await openFakeDns()
for (const [name, replies] of Object.entries(NAMES)) dns.answer(name, ...replies)
await relayNameServer(dns.server)
const [publicOnes, denied, proxy] = await Promise.all([openPublic(), openDenied(), openEgressProxy()])
const upstream = await openUpstreamSimulator({
  accounts: [ACCOUNT],
  now: Date.now,
  defaultScript: { status: 'SUCCESS' },
})

const folder = process.env.FOLDER ?? ''
const env = serviceEnvironment({ folder, upstreamUrl: upstream.url })
const throughProxy = process.argv.includes('--proxy') ? { CALLBACK_PROXY: proxy.url } : {}
const service = await openService({ ...env, ...throughProxy, CALLBACK_ALLOW_NETWORKS: '', CALLBACK_TIMEOUT: '10s' })
const { apiKey } = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('curious')
const api = createApiClient(service.url, apiKey)

const literals: WholeService['literals'] = {}
const own = service.url.replace('127.0.0.1', '2130706433')
for (const url of [
  ...[LOOPBACK, METADATA, '0.0.0.0', '[::1]'].map(host => `http://${host}:${PORT}/`),
  `${own}/v1/events`,
]) {
  const body = { idcardid: `literal-${Object.keys(literals).length}`, callbackUrl: url }
  const { status, body: problem } = await api.call('POST', '/v1/registrations', body)
  literals[url] = { status, text: JSON.stringify(problem) }
}

const names: WholeService['names'] = {}
const tested: WholeService['tested'] = {}
await Promise.all(
  Object.keys(NAMES).map(async name => {
    const callbackUrl = `http://${name}:${PORT}/hook`
    const { id } = await api.register({ idcardid: name.replace('.', '-'), callbackUrl })
    const isOver = ({ delivery }: { delivery: { state: string; attempts: number } }) => delivery.state !== 'pending'
    const { delivery } = await api.until(id, isOver)
    await api.resend(id)
    const again = await api.until(id, seen => isOver(seen) && seen.delivery.attempts > delivery.attempts)
    const attempts = await eventually(
      () => api.attempts(id),
      list => list.length === again.delivery.attempts,
    )
    names[name] = {
      state: again.delivery.state,
      attempts: attempts.length,
      told: [...new Set(attempts.map(attempt => attempt.error ?? String(attempt.httpStatus)))],
    }
    const test = await api.call<{ error: string | null }>('POST', '/v1/callbacks/test', { callbackUrl })
    tested[name] = { status: test.status, error: test.body.error ?? null }
  }),
)
const proxied = proxy.listener.connections
const reached = totalOf(publicOnes)
// The effect of the environment on a client without guards.
await fetch(`http://public.example:${PORT}/`).catch(() => null)
const logged = service.log.filter(line => line.event === 'delivery.attempted').map(line => String(line.error))
const result: WholeService = {
  denied: totalOf(denied),
  public: reached,
  proxied,
  proxiedPlain: proxy.listener.connections - proxied,
  literals,
  names,
  tested,
  logged: [...new Set(logged)],
}
process.stdout.write(JSON.stringify(result), () => process.exit(0))
