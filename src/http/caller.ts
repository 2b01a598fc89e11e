import { isIP } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { networkOf, unmapped } from '../core/address.ts'

/** Node's own request and response; absent in tests that call the app without a server. */
export const nodeBindings = (c: Context): Partial<HttpBindings> => c.env ?? {}

/**
 * Like `c.header`, but writes straight to Node's response: Hono would make a `Headers` object and take it apart again,
 * which costs as much as checking a body.
 */
export const setHeader = (c: Context, name: string, value: string): void => {
  const { outgoing } = nodeBindings(c)
  if (outgoing) outgoing.setHeader(name, value)
  else c.header(name, value)
}

export interface TrustedProxies {
  contains(address: string, family: 'ipv4' | 'ipv6'): boolean
}

/**
 * Returns the caller's address: that of the connection or, behind trusted reverse proxies, the last address in
 * `x-forwarded-for` that is not a trusted proxy. Reads the header from its end, as far as it consists of addresses.
 */
export const clientAddress = (c: Context, trusted: TrustedProxies): string => {
  let client = peerAddress(c)
  for (const hop of (c.req.header('x-forwarded-for') ?? '').split(',').reverse()) {
    const before = plain(hop.trim())
    if (!isTrusted(client, trusted) || isIP(before) === 0) return client
    client = before
  }
  return client
}

/** Returns the network by which a caller without a key is counted. */
export const clientNetwork = (c: Context, trusted: TrustedProxies): string => networkOf(clientAddress(c, trusted))

/** Whether the connection is from a trusted reverse proxy, whose headers about the request are believed. */
export const isFromProxy = (c: Context, trusted: TrustedProxies): boolean => isTrusted(peerAddress(c), trusted)

const peerAddress = (c: Context): string => plain(nodeBindings(c).incoming?.socket.remoteAddress ?? '')

/** Normalises an address: dual-stack sockets show 10.0.0.1 as `::ffff:10.0.0.1`, and some proxies add a port. */
const plain = (address: string): string =>
  unmapped(address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1').replace(/^\[(.*)\](:\d+)?$/, '$1'))

const isTrusted = (address: string, trusted: TrustedProxies): boolean => {
  const version = isIP(address)
  return version !== 0 && trusted.contains(address, version === 4 ? 'ipv4' : 'ipv6')
}
