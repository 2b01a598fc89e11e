import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeUrl } from '../../src/core/callback-url.ts'
import { networksOf } from '../support/networks.ts'

const policyOf = (allowHttp: boolean, ...cidrs: string[]) => ({ allowHttp, allowed: networksOf(...cidrs) })
const strict = policyOf(false)
const http = policyOf(true)
const developer = policyOf(true, '127.0.0.0/8', '::1/128')

const refused: Record<string, unknown[]> = {
  not_text: [undefined, null, 42, {}, ['https://a.example/'], ''],
  too_long: [`https://a.example/${'x'.repeat(2031)}`, `https://a.example/${'验'.repeat(300)}`],
  characters: [
    'https://a.example/ x',
    ' https://a.example/',
    'https://a.example/\u0000',
    'https:\\\\a.example',
    'https://a.example\\@b.example/',
    'https://a.example/\ud800',
  ],
  scheme: ['http://a.example/', 'ftp://a.example/', 'javascript:alert(1)', 'https:a.example', '//a.example'],
  credentials: ['https://user@a.example/', 'https://user:pass@a.example/', 'https://a.example@127.0.0.1/'],
  syntax: [
    'https://',
    'https:///a.example/',
    'https://a.example:99999/',
    'https://a%00.example/',
    'https://[fe80::1%25lo]/',
    'https://a b.example'.replace(' ', '%20'),
  ],
  name: [
    'https://single/',
    'https://a_b.example/',
    'https://a.example../',
    `https://${'a'.repeat(64)}.example/`,
    `https://${'abcdefgh.'.repeat(30)}example/`,
    'https://xn--a.example/',
  ],
  special_use: [
    'https://localhost/',
    'https://LOCALHOST./',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://1.0.0.127.in-addr.arpa/',
    'https://ⓛocalhost/',
  ],
  address: [
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://①②⑦.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://12\u00ad7.0.0.1/',
    'https://10.0.0.1:22/',
    'https://168.63.129.16/',
  ],
  port: [
    'https://a.example:22/',
    'https://a.example:1023/',
    'https://a.example:2049/',
    'https://1.1.1.1:25/',
    'https://a.example:80/',
  ],
}

describe('judging a callback URL', () => {
  for (const [refusal, texts] of Object.entries(refused))
    test.each(texts)(`M1 refuses %j as ${refusal}`, text => {
      expect(judgeUrl(text, strict)).toMatchObject({
        ok: false,
        refusal,
        message: { en: expect.stringMatching(/^must /), zh: expect.stringMatching(/\p{Script=Han}/u) },
      })
    })

  test.each([
    ['https://a.example', 'https://a.example/'],
    ['HTTPS://A.Example:443/Hook?x=1#top', 'https://a.example/Hook?x=1'],
    ['https://a.example./x', 'https://a.example/x'],
    ['https://a。example。/x', 'https://a.example/x'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['https://a.example/验', 'https://a.example/%E9%AA%8C'],
    ['https://a.example:8443/x?url=https://b@c', 'https://a.example:8443/x?url=https://b@c'],
    ['https://1.1.1.1/', 'https://1.1.1.1/'],
    ['https://0x1010101:1024/', 'https://1.1.1.1:1024/'],
    ['https://[2606:4700:0:0::1]/', 'https://[2606:4700::1]/'],
    ['https://a.example/../b/./c', 'https://a.example/b/c'],
  ])('accepts %s and normalises it', (text, href) => {
    expect(judgeUrl(text, strict)).toMatchObject({ ok: true, url: { href } })
  })

  test('refuses a placeholder, unless the URL was registered before they were refused', () => {
    for (const url of ['https://a.example/{order}', 'https://{shop}.example/', 'https://a.example/?o={{order.no}}']) {
      expect(judgeUrl(url, { ...strict, isNew: true })).toMatchObject({ ok: false, refusal: 'placeholder' })
    }
    expect(judgeUrl('https://a.example/?o={order}', strict)).toMatchObject({ ok: true })
    expect(judgeUrl('https://a.example/?o={%22a%22:1}', { ...strict, isNew: true })).toMatchObject({ ok: true })
  })

  test('accepts http and its port only where it is allowed', () => {
    expect(judgeUrl('http://a.example/', http)).toMatchObject({ ok: true, url: { port: 80 } })
    for (const url of ['http://a.example:22/', 'http://a.example:443/', 'https://a.example:80/'])
      expect(judgeUrl(url, http)).toMatchObject({ ok: false, refusal: 'port' })
    expect(judgeUrl('http://127.0.0.1/', http)).toMatchObject({ ok: false, refusal: 'address' })
  })

  test('accepts any port inside an allowed network, and none with it outside', () => {
    for (const url of ['http://127.0.0.1:1/', 'http://127.0.0.1:6000/', 'http://[::1]:22/', 'https://127.8.8.8:22/'])
      expect(judgeUrl(url, developer).ok, url).toBe(true)
    expect(judgeUrl('http://127.0.0.1:0/', developer)).toMatchObject({ ok: false, refusal: 'port' })
    expect(judgeUrl('http://1.1.1.1:22/', developer)).toMatchObject({ ok: false, refusal: 'port' })
    expect(judgeUrl('http://10.0.0.1/', developer)).toMatchObject({ ok: false, refusal: 'address' })
  })

  test('M18 says the same of every blocked target', () => {
    const messages = [...(refused.special_use ?? []), ...(refused.address ?? [])].map(text => {
      const verdict = judgeUrl(text, strict)
      return verdict.ok ? null : verdict.message.en
    })
    expect(new Set(messages).size).toBe(1)
  })
})

const DENIED = [
  [0, 8],
  [10, 8],
  [100, 10],
  [127, 8],
  [169, 16],
  [172, 12],
  [192, 16],
  [224, 4],
] as const
const BASES: Record<number, number> = { 100: 64, 169: 254, 172: 16, 192: 168 }

/** A number that lies in a denied network. */
const deniedNumber = fc.constantFrom(...DENIED).chain(([first, prefix]) => {
  const base = first * 2 ** 24 + (BASES[first] ?? 0) * 2 ** 16
  return fc.nat({ max: 2 ** (32 - prefix) - 1 }).map(offset => base + offset)
})

const radix = fc.constantFrom<(part: number) => string>(
  part => String(part),
  part => `0x${part.toString(16)}`,
  part => `0X${part.toString(16).toUpperCase().padStart(8, '0')}`,
  part => `0${part.toString(8)}`,
  part => `000${part.toString(8)}`,
)

const octetsOf = (address: number) => [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256)

/** One to four parts, the last takes what is left: `127.1` and the like. */
const partsOf = (address: number, count: number): number[] => [
  ...octetsOf(address).slice(0, count - 1),
  address % 2 ** (8 * (5 - count)),
]

const disguise = fc.constantFrom<(host: string) => string>(
  host => host,
  host => `${host}.`,
  host => host.replace(/\./g, '。'),
  host => host.replace(/[0-9]/g, digit => String.fromCodePoint(0xff10 + Number(digit))),
  host => host.replace(/[1-9]/g, digit => String.fromCodePoint(0x2460 + Number(digit) - 1)),
  host => host.replace(/[0-9]/g, digit => `%3${digit}`),
  host => host.split('').join('\u00ad'),
  host => `${host}:443`,
)

const hex = (value: number) => value.toString(16)

const inIpv6 = fc.constantFrom<(octets: number[]) => string>(
  octets => `::ffff:${octets.join('.')}`,
  octets => `::FFFF:${octets.join('.')}`,
  octets => `0:0:0:0:0:ffff:${octets.join('.')}`,
  octets => `::${octets.join('.')}`,
  octets => `64:ff9b::${octets.join('.')}`,
  ([a = 0, b = 0, c = 0, d = 0]) => `::ffff:${hex(a * 256 + b)}:${hex(c * 256 + d)}`,
  ([a = 0, b = 0, c = 0, d = 0]) => `2002:${hex(a * 256 + b)}:${hex(c * 256 + d)}::1`,
)

describe('no spelling of a denied address', () => {
  test('M1 in decimal, octal, hex, short, full-width, escaped or dotted otherwise is accepted', () => {
    fc.assert(
      fc.property(
        deniedNumber,
        fc.integer({ min: 1, max: 4 }),
        fc.array(radix, { minLength: 4, maxLength: 4 }),
        disguise,
        (address, count, radices, disguised) => {
          const host = partsOf(address, count)
            .map((part, at) => radices[at]?.(part))
            .join('.')
          expect(judgeUrl(`http://${disguised(host)}/`, http).ok).toBe(false)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('M1 inside an IPv6 one is accepted', () => {
    fc.assert(
      fc.property(deniedNumber, inIpv6, (address, spell) => {
        expect(judgeUrl(`https://[${spell(octetsOf(address))}]/`, strict).ok).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  test('M1 in a special-use name of any case is accepted', () => {
    const name = fc.constantFrom('localhost', 'foo.localhost', 'printer.local', 'vault.internal', 'nas.home.arpa')
    fc.assert(
      fc.property(name, fc.infiniteStream(fc.boolean()), fc.constantFrom('', '.'), (text, upper, dot) => {
        const mixed = [...text].map(letter => (upper.next().value ? letter.toUpperCase() : letter)).join('')
        expect(judgeUrl(`https://${mixed}${dot}/`, strict).ok).toBe(false)
      }),
    )
  })
})
