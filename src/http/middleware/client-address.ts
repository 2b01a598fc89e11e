import { isIP } from 'node:net'
import type { Context } from 'hono'
import { unmapped } from '../../core/address.ts'
import { nodeBindings } from '../node-bindings.ts'

export interface TrustedProxies {
  contains(address: string, family: 'ipv4' | 'ipv6'): boolean
}

/**
 * The caller's address: that of the connection or, behind trusted reverse proxies, the last address in `x-forwarded-for` that
 * is not a trusted proxy. The header is read from its end, and only as far as it consists of addresses.
 */
export const clientAddress = (c: Context, trusted: TrustedProxies): string => {
  const { incoming } = nodeBindings(c)
  let client = plain(incoming?.socket.remoteAddress ?? '')
  for (const hop of (c.req.header('x-forwarded-for') ?? '').split(',').reverse()) {
    const before = plain(hop.trim())
    if (!isTrusted(client, trusted) || isIP(before) === 0) return client
    client = before
  }
  return client
}

/** Whether the connection is that of a trusted reverse proxy, whose headers about the request are believed. */
export const isFromProxy = (c: Context, trusted: TrustedProxies): boolean =>
  isTrusted(plain(nodeBindings(c).incoming?.socket.remoteAddress ?? ''), trusted)

/** Dual-stack sockets show 10.0.0.1 as `::ffff:10.0.0.1`, and some proxies add a port to the address. */
const plain = (address: string): string =>
  unmapped(address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1').replace(/^\[(.*)\](:\d+)?$/, '$1'))

const isTrusted = (address: string, trusted: TrustedProxies): boolean => {
  const version = isIP(address)
  return version !== 0 && trusted.contains(address, version === 4 ? 'ipv4' : 'ipv6')
}
