import type { UpstreamConfig } from '../config/read-config.ts'
import { createNetworks } from '../core/address.ts'
import type { UrlPolicy } from '../core/callback-url.ts'

/** Which callback URLs are accepted when they are registered, and connected to when they are called. */
export const callbackPolicy = ({ allowHttp, allowNetworks }: UpstreamConfig['callback']): UrlPolicy => ({
  allowHttp,
  allowed: createNetworks(allowNetworks),
})
