import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { SECOND } from '../core/duration.ts'
import { StartError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { createConnections, endUnreadBody } from './connections.ts'

/** Limits on callers that send slowly or never finish. Times in ms. */
export interface ListenLimits {
  /** From the connection to the last header. */
  headersTimeout: number
  /** From the connection to the end of the body. */
  requestTimeout: number
  keepAliveTimeout: number
  /** Longest time in which no byte of a response is taken and no byte of a request comes. */
  takingTimeout: number
  /** How often these limits are checked. */
  connectionsCheckingInterval: number
  mostConnections: number
}

export const LIMITS: ListenLimits = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  keepAliveTimeout: 5 * SECOND,
  takingTimeout: 15 * SECOND,
  connectionsCheckingInterval: SECOND,
  mostConnections: 4_096,
}
const MAX_HEADER_BYTES = 16 * 1024

type Fetch = Parameters<typeof getRequestListener>[0]

interface Address {
  host: string
  port: number
}

/** Resolves when the server listens. Rejects with a `StartError` for the operator if it cannot. */
export const listen = (fetch: Fetch, { host, port, limits = LIMITS }: Address & { limits?: ListenLimits }) =>
  new Promise<{ url: string; drain(): Promise<void>; close(): Promise<void> }>((resolve, reject) => {
    const { mostConnections, takingTimeout, ...times } = limits
    const connections = createConnections({ most: mostConnections })
    const listener = getRequestListener(fetch, {
      hostname: host,
      // `endUnreadBody` handles an unread body.
      autoCleanupIncoming: false,
    })
    const server = createServer(
      { ...times, maxHeaderSize: MAX_HEADER_BYTES },
      connections.gate(endUnreadBody(listener)),
    )
    server.on('connection', connections.add)
    server.timeout = takingTimeout
    server.on('timeout', connections.timeOut)
    const close = () =>
      new Promise<void>(closed => {
        server.close(() => closed())
        connections.closeIdle()
      })
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new StartError(explainListening(error, { host, port }))),
    )
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo
      const shown = host.includes(':') ? `[${host}]` : host
      resolve({ url: `http://${shown}:${bound}`, drain: connections.drain, close })
    })
  })

interface Advice extends Words {
  /** To change. */
  setting: 'HOST' | 'PORT'
}
/** By the system's error code. */
const ADVICE: Readonly<Record<string, Advice>> = {
  EADDRINUSE: {
    setting: 'PORT',
    en: 'another program, perhaps another service, listens there; end it, or set a free PORT',
    zh: '已有程序（可能是另一个本服务）在监听；请将其结束，或换一个空闲的 PORT',
  },
  EACCES: {
    setting: 'PORT',
    en: 'this user may not use ports under 1024; set a PORT above',
    zh: '当前用户不能使用 1024 以下的端口；请换一个更大的 PORT',
  },
}
const HOST_ADVICE: Advice = {
  setting: 'HOST',
  en: 'set an address of this machine, such as 127.0.0.1 or 0.0.0.0',
  zh: '请设为本机已有的地址，例如 127.0.0.1 或 0.0.0.0',
}

const explainListening = ({ code = 'unknown' }: NodeJS.ErrnoException, { host, port }: Address): Words => {
  const { setting, en, zh } = ADVICE[code] ?? HOST_ADVICE
  return {
    en: `${setting}: cannot listen on ${host}:${port} (${code}): ${en}`,
    zh: `${setting}：无法监听 ${host}:${port}（${code}）：${zh}`,
  }
}

/**
 * Rejects with a `StartError` for the operator if the address cannot be listened on. Called before the database is
 * opened, so that such a start neither migrates the file of a running service nor logs anything about it.
 */
export const refuseTakenPort = ({ host, port }: { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createTcpServer(socket => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new StartError(explainListening(error, { host, port }))),
    )
    server.listen(port, host, () => server.close(() => resolve()))
  })
