import type { Store, StoreHints } from '../../store.ts'
import type { OpeningStep } from '../opening.ts'
import type { SqliteOptions } from '../store.ts'
import type { PackedError } from './errors.ts'

/** What a thread is asked to do: the store's asynchronous verbs. */
export type Verb = Exclude<
  { [Name in keyof Store]: Store[Name] extends (...args: never[]) => Promise<unknown> ? Name : never }[keyof Store],
  'close'
>

/** What the thread is started with. `now` is the clock's time then. */
export type Opening = Omit<SqliteOptions, 'now' | 'masterKey' | 'previousKey' | 'onStep'> & {
  name: 'store' | 'read'
  masterKey: Uint8Array
  previousKey: Uint8Array | undefined
  now: number
}

/** What the thread tells before it has opened the database. */
export interface Step {
  step: OpeningStep
}

/** Then the thread says that it has opened the database, and these are the store's verbs; or that it could not. */
export type Opened = { ok: true; verbs: readonly Verb[] } | { ok: false; error: PackedError }

export interface Call {
  id: number
  verb: Verb | 'close'
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
  cancelled: true,
  callbacksChanged: true,
  unreadable: true,
  broken: true,
}
export const HINTS = Object.keys(ALL_HINTS) as (keyof StoreHints)[]

/** A hint of the store; an error in it is packed. */
export interface PackedHint {
  name: keyof StoreHints
  args: readonly unknown[]
}

/** What has come of earlier calls. The hints come first: they were emitted before the calls had ended. */
export interface Answers {
  hints: readonly PackedHint[]
  outcomes: readonly Outcome[]
}
