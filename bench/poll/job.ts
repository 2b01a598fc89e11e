import type { Trust } from '../support/tls.ts'

/** The answer of upstream to all serials. */
export type Variant = 'ING' | 'SUCCESS'

/** To a poller in its own process; each is answered before the next is sent. */
export type Order =
  | { kind: 'prepare'; polls: number; upstreamUrl: string; trust: Trust; folder: string }
  | { kind: 'run' }
