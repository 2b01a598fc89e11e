import { isIP } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

export interface TrustedProxies {
  contains(address: string, family: 'ipv4' | 'ipv6'): boolean
}

/**
 * Who called: the connection's address, or behind reverse proxies that are trusted the last one that none of them is.
 * Only they may say so, and what they say counts as far as it is an address.
 */
export const clientAddress = (c: Context, trusted: TrustedProxies): string => {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  let client = plain(incoming?.socket.remoteAddress ?? '')
  for (const hop of (c.req.header('x-forwarded-for') ?? '').split(',').reverse()) {
    const before = plain(hop.trim())
    if (!isTrusted(client, trusted) || isIP(before) === 0) return client
    client = before
  }
  return client
}

/**
 * What one caller can be held to: an IPv4 address, or the /64 of an IPv6 one, since a single line has as many addresses
 * as it likes.
 */
export const networkOf = (address: string): string => {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail ? tail.split(':') : []
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const groups = [...first, ...Array<string>(missing).fill('0'), ...last].slice(0, 4)
  return `${groups.map(group => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** `::ffff:10.0.0.1` is how a dual-stack socket shows 10.0.0.1; some proxies write a port behind the address. */
const plain = (address: string): string =>
  address
    .replace(/^::ffff:(?=\d+\.)/i, '')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^\[(.*)\](:\d+)?$/, '$1')

const isTrusted = (address: string, trusted: TrustedProxies): boolean => {
  const version = isIP(address)
  return version !== 0 && trusted.contains(address, version === 4 ? 'ipv4' : 'ipv6')
}
