import type { Context } from 'hono'
import { isFromProxy, type TrustedProxies } from '../caller.ts'

/** The address of the service in the documents. */
export const EXAMPLE_URL = 'https://notifier.example'
/** As it stands in text: a longer host is another one. */
const EXAMPLE = /https:\/\/notifier\.example(?!\.?[\w-])/g

/** With the address of this service in the place of the example's. */
export const withBaseUrl = (text: string, baseUrl: string): string => text.replace(EXAMPLE, () => baseUrl)

/** Readers paste the URL into a shell, so nothing that a shell reads otherwise is let through. */
const HOST = /^(?:[a-z\d](?:[a-z\d._-]{0,252}[a-z\d])?|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i
const PREFIX = /^(?:\/[\w.~-]{1,100}){0,20}$/

/**
 * The address under which the caller reaches the service, without a slash at its end. What stands in a header is the caller's
 * or its proxy's word: where it is no plain host, the example's address.
 */
export const baseUrlOf = (c: Context, trustedProxies: TrustedProxies): string => {
  const isProxied = isFromProxy(c, trustedProxies)
  const forwarded = (name: string) =>
    isProxied ? c.req.header(`x-forwarded-${name}`)?.split(',', 1)[0]?.trim() : undefined
  const host = forwarded('host') || c.req.header('host') || ''
  const prefix = (forwarded('prefix') ?? '').replace(/\/$/, '')
  const scheme = forwarded('proto')?.toLowerCase() === 'https' ? 'https' : 'http'
  return HOST.test(host) && PREFIX.test(prefix) ? `${scheme}://${host}${prefix}` : EXAMPLE_URL
}
