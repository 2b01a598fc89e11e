import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { networkOf } from '../../src/core/address.ts'
import { clientAddress } from '../../src/http/caller.ts'
import { networksOf } from '../support/networks.ts'

const seenAs = async (remoteAddress: string, forwarded: string | null, trusted: string[]): Promise<string> => {
  const app = new Hono().get('/', c => c.text(clientAddress(c, networksOf(...trusted))))
  const headers = forwarded === null ? {} : { 'x-forwarded-for': forwarded }
  const response = await app.request('/', { headers }, { incoming: { socket: { remoteAddress } } })
  return response.text()
}

describe('M19: the address of a caller', () => {
  test.each<[string, string | null, string[], string]>([
    ['192.0.2.1', '198.51.100.1', [], '192.0.2.1'],
    ['192.0.2.1', '198.51.100.1', ['10.0.0.0/8'], '192.0.2.1'],
    ['10.0.0.1', '198.51.100.1', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.1 ,10.0.0.2', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', ['10.0.0.0/8'], '10.0.0.3'],
    ['10.0.0.1', '', ['10.0.0.0/8'], '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9, 10.0.0.2, <script>', ['10.0.0.0/8'], '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1:4711', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.0.0.1', '[2001:db8::1]:4711', ['10.0.0.0/8'], '2001:db8::1'],

    // Mapped to IPv6, in whatever spelling and place.
    ['::ffff:a00:1', '198.51.100.1', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1, ::ffff:a00:2', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1', ['::ffff:10.0.0.0/104'], '198.51.100.1'],
  ])('from %s with X-Forwarded-For %j and trusted %j is %s', async (remote, forwarded, trusted, address) => {
    expect(await seenAs(remote, forwarded, trusted)).toBe(address)
  })
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],

  ['2001:DB8::1', '2001:db8:0:0::/64'],

  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],

  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['', ''],
])('%j is held to %j', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
