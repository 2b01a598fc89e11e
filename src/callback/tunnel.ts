import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import { originOf } from '../core/origin.ts'
import { TLS_OPTIONS } from '../http-client/client.ts'
import { failureOfError, SendError } from './failure.ts'

/** Timeout for connecting to the proxy, which is near. With the limit for DNS it stays below the connect limit. */
const REACH_MS = 1_500
/** Our credentials are wrong or we send too many requests: no receiver can cause these. */
const REFUSES_US = new Set([407, 429])

const credentialsOf = ({ username, password }: URL): string[] =>
  username === '' && password === ''
    ? []
    : [
        'proxy-authorization',
        `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      ]

/**
 * Opens a connection through an egress proxy by CONNECT. Rejects with a `SendError`: `proxy_down` if the proxy or our
 * credentials for it fail, `proxy` if the proxy or the receiver may have failed.
 *
 * @param proxy `http:` or `https:`, with or without credentials
 * @param authority the target, `address:port`
 */
export const openTunnel = (proxy: URL, authority: string, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port } = originOf(proxy)
    const { request } = protocol === 'https:' ? https : http
    const connectRequest = request({
      ...TLS_OPTIONS,
      host: hostname,
      port,
      method: 'CONNECT',
      path: authority,
      headers: ['host', authority, ...credentialsOf(proxy)],
      // The shared agent would go through the environment's proxy where NODE_USE_ENV_PROXY is set.
      agent: false,
      timeout: REACH_MS,
      signal,
    })
    const fail = (error: SendError) => {
      connectRequest.destroy()
      reject(error)
    }
    connectRequest.once('connect', ({ statusCode = 0 }, socket, head) => {
      socket.on('error', () => {})
      if (statusCode >= 200 && statusCode <= 299 && head.length === 0) return resolve(socket as Socket)
      socket.destroy()
      const isOurs = REFUSES_US.has(statusCode)
      reject(new SendError(isOurs ? 'proxy_down' : 'proxy', head.length > 0 ? 'spoke first' : String(statusCode)))
    })
    let isReached = false
    connectRequest.once('socket', socket =>
      socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        isReached = true
        socket.setTimeout(0)
      }),
    )
    connectRequest.once('timeout', () => fail(new SendError('proxy_down', 'timeout')))
    connectRequest.on('error', error => {
      const detail = failureOfError(error).detail ?? 'failed'
      // Invalid HTTP comes from the proxy: no receiver is connected yet.
      const isOurs = !isReached || detail.startsWith('HPE_')
      fail(new SendError(isOurs ? 'proxy_down' : 'proxy', detail))
    })
    connectRequest.end()
  })
