import type { StoreHints } from '../../hints.ts'
import type { Store } from '../../store.ts'
import type { PackedError } from './errors.ts'

/** What a thread is asked to do: the store's asynchronous verbs. */
export type Verb = Exclude<
  { [Name in keyof Store]: Store[Name] extends (...args: never[]) => Promise<unknown> ? Name : never }[keyof Store],
  'close'
>

/** A store, or one that only reads. */
export type ThreadName = 'store' | 'read'

export interface Call {
  id: number
  /** `open` comes first: its arguments are which store, and `SqliteOptions`; its result is the store's verbs. */
  verb: Verb | 'open' | 'close'
  args: unknown
}

/** All that was asked in one turn of the event loop, and what time it is by the asking side's clock. */
export interface Calls {
  now: number
  calls: readonly Call[]
}

export type Outcome = { id: number; ok: true; result: unknown } | { id: number; ok: false; error: PackedError }

const ALL_HINTS: Readonly<Record<keyof StoreHints, true>> = {
  verificationsDue: true,
  messagesDue: true,
  bulkActsDue: true,
  resolved: true,
  withdrawn: true,
  callbacksChanged: true,
  unreadable: true,
  broken: true,
}
export const HINTS = Object.keys(ALL_HINTS) as (keyof StoreHints)[]

/** A hint of the store, or an `OpeningStep`; an error in it is packed. */
export interface PackedHint {
  name: keyof StoreHints | 'step'
  args: readonly unknown[]
}

/** What has come of earlier calls. The hints come first: they were emitted before the calls had ended. */
export interface Answers {
  hints: readonly PackedHint[]
  outcomes: readonly Outcome[]
}
