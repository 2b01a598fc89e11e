import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import { TLS_OPTIONS } from '../http-client/client.ts'
import { failureOfError, SendError } from './failure.ts'

const credentialsOf = ({ username, password }: URL): string[] =>
  username === ''
    ? []
    : [
        'proxy-authorization',
        `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      ]

const portOf = ({ port, protocol }: URL): number => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port))

/**
 * Opens a connection through an egress proxy by CONNECT. Rejects with a SendError of kind `proxy`.
 *
 * @param proxy `http:` or `https:`, with credentials or without
 * @param authority where to, `address:port`
 */
export const openTunnel = (proxy: URL, authority: string, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { request } = proxy.protocol === 'https:' ? https : http
    const asked = request({
      ...TLS_OPTIONS,
      host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: portOf(proxy),
      method: 'CONNECT',
      path: authority,
      headers: ['host', authority, ...credentialsOf(proxy)],
      // The shared agent would go through the environment's proxy where NODE_USE_ENV_PROXY is set.
      agent: false,
      signal,
    })
    asked.once('connect', ({ statusCode = 0 }, socket, head) => {
      socket.on('error', () => {})
      if (statusCode < 200 || statusCode > 299 || head.length > 0) {
        socket.destroy()
        reject(new SendError('proxy', head.length > 0 ? 'spoke first' : String(statusCode)))
      } else resolve(socket as Socket)
    })
    asked.on('error', error => reject(new SendError('proxy', failureOfError(error).detail ?? 'failed')))
    asked.end()
  })
