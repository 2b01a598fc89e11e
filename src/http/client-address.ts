import { isIP } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

export interface TrustedProxies {
  contains(address: string, family: 'ipv4' | 'ipv6'): boolean
}

/** Who called: the connection's address, or behind reverse proxies that are trusted the last one that none of them is. */
export const clientAddress = (c: Context, trusted: TrustedProxies): string => {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  const socketAddress = plain(incoming?.socket.remoteAddress ?? '')
  if (!isTrusted(socketAddress, trusted)) return socketAddress
  const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map(part => plain(part.trim()))
  return forwarded.reverse().find(address => !isTrusted(address, trusted)) ?? socketAddress
}

/** `::ffff:10.0.0.1` is how a dual-stack socket shows 10.0.0.1. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

const isTrusted = (address: string, trusted: TrustedProxies): boolean => {
  const version = isIP(address)
  return version !== 0 && trusted.contains(address, version === 4 ? 'ipv4' : 'ipv6')
}
