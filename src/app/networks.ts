import type { UpstreamConfig } from '../config/read-config.ts'
import { createNetworks, type Networks } from '../core/address.ts'
import type { UrlPolicy } from '../core/callback-url.ts'

/** @param setting where the networks come from, for the error */
export const networksOf = (setting: string, list: UpstreamConfig['callback']['allowNetworks']): Networks => {
  const read = createNetworks(list.map(({ address, prefix }) => `${address}/${prefix}`))
  if (!read.ok) throw new Error(`${setting}: ${read.message}`)
  return read.networks
}

/** Which callback URLs are taken when they are registered, and connected to when they are called. */
export const callbackPolicy = ({ allowHttp, allowNetworks }: UpstreamConfig['callback']): UrlPolicy => ({
  allowHttp,
  allowed: networksOf('CALLBACK_ALLOW_NETWORKS', allowNetworks),
})
