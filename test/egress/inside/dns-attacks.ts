import { Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, interceptors } from 'undici'
import { openNameResolver } from '../../../src/callback/resolve.ts'
import { clockWith } from '../../support/clock.ts'
import { type DnsReply, openFakeDns } from '../../support/fake-dns.ts'
import { attemptTo, openSender } from '../../support/sender.ts'
import { LOOPBACK, METADATA, PORT, PRIVATE, PRIVATE_V6, PUBLIC } from '../support/addresses.ts'
import { openDenied, openEgressProxy, openPublic, totalOf } from '../support/listeners.ts'

export interface DnsAttacks {
  /** Connections to addresses that must not be reached, and to public ones. */
  denied: number
  public: number
  /** How each URL ended, round by round. */
  ends: Record<string, string[]>
  /** The requests to an egress proxy. */
  asked: string[]
}

const ROUNDS = 8
const PAST_EVERY_CACHE_MS = 61_000

const NAMES: Record<string, readonly DnsReply[]> = {
  'public.example': [[PUBLIC]],
  'rebinding.example': [[PUBLIC], [LOOPBACK], [PUBLIC], [PRIVATE]],
  'mixed.example': [[PUBLIC, PRIVATE]],
  'mixed-families.example': [[PUBLIC, PRIVATE_V6]],
  'late.example': [[PUBLIC], [PUBLIC], [PUBLIC], [PUBLIC], [METADATA]],
  'after-servfail.example': ['SERVFAIL', 'SERVFAIL', 'SERVFAIL', 'SERVFAIL', [PRIVATE]],
  'after-nxdomain.example': ['NXDOMAIN', [METADATA]],
  'after-silence.example': ['drop', 'drop', [LOOPBACK]],
  'private.example': [[PRIVATE]],
  'private-v6.example': [[PRIVATE_V6]],
  'mapped.example': [['::ffff:a00:5']],
  'recovers.example': ['NXDOMAIN', [PUBLIC]],
  'recovers-from-servfail.example': ['SERVFAIL', 'SERVFAIL', 'SERVFAIL', 'SERVFAIL', [PUBLIC]],
}
const LITERALS = [
  LOOPBACK,
  '0.0.0.0',
  '2130706433',
  '0x7f.1',
  PRIVATE,
  METADATA,
  '[::1]',
  '[::ffff:10.0.0.5]',
  `[${PRIVATE_V6}]`,
]
const URLS = [
  ...Object.keys(NAMES).map(name => `http://${name}:${PORT}/`),
  ...LITERALS.map(host => `http://${host}:${PORT}/`),
  `http://public.example:${PORT}/redirect`,
]

type Send = (url: string) => Promise<string>

const clock = { ms: 0 }

const openOurs = (server: string, proxy: string | null): Send => {
  const now = () => clock.ms
  const sender = openSender({
    allow: [],
    proxy,
    now,
    resolver: openNameResolver({ servers: [server], clock: clockWith(now) }),
  })
  return async url => {
    const result = await sender.send(attemptTo(url))
    return result.kind === 'answered' ? String(result.httpStatus) : result.error
  }
}

/** A client without any of these guards. */
const openPlain = (server: string): Send => {
  const dns = new Resolver({ timeout: 500, tries: 2 })
  dns.setServers([server])
  const lookup: LookupFunction = (name, _options, done) => {
    void Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]).then(answers => {
      const found = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
      if (found.length === 0) done(new Error('no such name'), [])
      else
        done(
          null,
          found.map(address => ({ address, family: isIP(address) })),
        )
    })
  }
  return async url => {
    const agent = new Agent({ connect: { lookup, timeout: 1_000 } })
    try {
      const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 3 }))
      const { statusCode, body } = await dispatcher.request({
        origin: new URL(url).origin,
        path: new URL(url).pathname,
        method: 'POST',
        body: '{}',
      })
      await body.dump()
      return String(statusCode)
    } catch {
      return 'failed'
    } finally {
      await agent.destroy()
    }
  }
}

const dns = await openFakeDns()
for (const [name, replies] of Object.entries(NAMES)) dns.answer(name, ...replies)
const [publicOnes, denied, proxy] = await Promise.all([openPublic(), openDenied(), openEgressProxy()])
const [mode] = process.argv.slice(2)
const send = mode === 'plain' ? openPlain(dns.server) : openOurs(dns.server, mode === 'proxied' ? proxy.url : null)

const ends: Record<string, string[]> = Object.fromEntries(URLS.map(url => [url, []]))
for (let round = 0; round < ROUNDS; round++) {
  // Twice in a row: over a fresh lookup, then over cached names and open connections.
  for (let again = 0; again < 2; again++)
    await Promise.all(URLS.map(async url => void ends[url]?.push(await send(url))))
  clock.ms += PAST_EVERY_CACHE_MS
}
const result: DnsAttacks = { denied: totalOf(denied), public: totalOf(publicOnes), ends, asked: proxy.asked }
process.stdout.write(JSON.stringify(result), () => process.exit(0))
