import type { StoreHints } from '../../hints.ts'
import type { Store } from '../../store.ts'
import type { PackedError } from './errors.ts'

/** A verb that a thread can run: an asynchronous method of the store. */
export type Verb = Exclude<
  { [Name in keyof Store]: Store[Name] extends (...args: never[]) => Promise<unknown> ? Name : never }[keyof Store],
  'close'
>

/** `store` writes, `read` only reads. */
export type ThreadName = 'store' | 'read'

export interface VerbCall {
  id: number
  /** `open` comes first: its arguments are a `ThreadName` and `SqliteOptions`, its result the store's verbs. */
  verb: Verb | 'open' | 'close'
  args: unknown
}

/** All calls of one turn of the event loop, with the time of the caller's clock. */
export interface Calls {
  now: number
  calls: readonly VerbCall[]
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

/** Outcomes of earlier calls. Hints come first: they were emitted before the calls ended. */
export interface Answers {
  hints: readonly PackedHint[]
  outcomes: readonly Outcome[]
}
