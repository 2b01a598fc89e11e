import type { Context } from 'hono'
import { isFromProxy, type TrustedProxies } from '../caller.ts'

/** Address of the service in the documents. */
export const EXAMPLE_URL = 'https://notifier.example'
/** The address in a text, but not where it begins a longer host. */
const EXAMPLE = /https:\/\/notifier\.example(?!\.?[\w-])/g

/** Returns the text with this service's address instead of the example's. */
export const withBaseUrl = (text: string, baseUrl: string): string => text.replace(EXAMPLE, () => baseUrl)

/** Readers paste the URL into a shell, so characters with a meaning to a shell are refused. */
const HOST = /^(?:[a-z\d](?:[a-z\d._-]{0,252}[a-z\d])?|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i
const PREFIX = /^(?:\/[\w.~-]{1,100}){0,20}$/

/**
 * Returns the address under which the caller reaches the service, without a slash at its end, by headers of the caller
 * or its proxy. Returns `EXAMPLE_URL` if they name no plain host.
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
