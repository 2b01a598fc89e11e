import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Environment } from '../../support/service.ts'

/** The second node, say, calls from 127.0.0.3. */
const ADDRESS = /^127\.0\.0\.(\d+)$/
const FIRST = 2

/** Lets a node call from an address of its own, where any of 127.0.0.0/8 may be used. */
export const ownAddress = (n: number): Environment =>
  process.platform === 'linux'
    ? {
        OWN_ADDRESS: `127.0.0.${n + FIRST}`,
        NODE_OPTIONS: `--import=${new URL('own-address.ts', import.meta.url).href}`,
      }
    : {}

let caller: number | undefined
subscribe('http.server.request.start', message => {
  const { request } = message as { request: IncomingMessage }
  const last = Number(ADDRESS.exec(request.socket.remoteAddress ?? '')?.[1] ?? 0)
  const note = () => {
    caller = last >= FIRST ? last - FIRST : undefined
  }
  note()
  // Before whoever answers it hears the same.
  request.on('end', note)
})

const noted = new WeakMap<object, number | undefined>()
/** To be called with what is noted of a request to a server of this process, as that happens. */
export const noteCaller = (entry: object): void => void noted.set(entry, caller)
/** The node that has made that request; undefined: unknown. */
export const callerOf = (entry: object): number | undefined => noted.get(entry)
