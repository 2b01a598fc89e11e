import { type Callback, keyOf } from '../callbacks.ts'
import { byCallback } from '../rules/callback-troubles.ts'

/** Each once, in the order of their key, which is the order of their locks. */
export const distinctUrls = (urls: readonly Callback[]): Callback[] =>
  [...new Map(urls.map(url => [keyOf(url), url])).values()].sort(byCallback)

/** As two arrays for `unnest`. */
export const urlColumns = (urls: readonly Callback[]): [partnerIds: string[], callbackUrls: string[]] => [
  urls.map(({ partnerId }) => partnerId),
  urls.map(({ callbackUrl }) => callbackUrl),
]
