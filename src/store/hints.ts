import type { EventEmitter } from 'node:events'
import type { ChangedCallback } from './callbacks/health.ts'
import type { Unreadable } from './sealed.ts'

/**
 * Messages that must not be sent any more as they were claimed: of a cancelled registration, or (null) all of a partner
 * that is disabled or has ended a signing secret. Messages that are due nevertheless are claimed again.
 */
export interface Withdrawn {
  partnerId: string
  registrationId: string | null
}

/**
 * Hints of the store, emitted once the change is durable. Where several nodes share a database, the `…Due` hints,
 * `resolved` and `withdrawn` are emitted on all of them: on the node that made the change before its verb resolves, on
 * the others mostly within 100 ms, or never while a node is cut off. So no code may rely on a hint:
 * - loops query due rows each second;
 * - callers that wait for `resolved` query each second;
 * - nothing is claimed after the commit that withdraws it, but messages claimed by another node before may be sent
 *   until their leases end.
 */
export interface StoreHints {
  /** Rows may be due earlier than the last claim returned. */
  verificationsDue: []
  messagesDue: []
  bulkActsDue: []
  /** These registrations left `pending`. */
  resolved: [registrationIds: readonly string[]]
  withdrawn: [withdrawn: Withdrawn]
  /** These callback URLs fail, are disabled, or work again. */
  callbacksChanged: [changedUrls: readonly ChangedCallback[]]
  /**
   * This value cannot be decrypted. Emitted once per value while the store is open, or again after 10,000 others.
   * Everything that does not need the value goes on; a message is exhausted.
   */
  unreadable: [row: Unreadable]
  /**
   * The database can no longer be used (a failed fsync, a replaced or damaged file, an ended thread, a later schema):
   * stop, and recover on restart.
   */
  broken: [error: Error]
}

/** A hint as data: its name and arguments. */
export type Hint = { [Name in keyof StoreHints]: [name: Name, ...StoreHints[Name]] }[keyof StoreHints]

/** Emits these hints, in order. Only after the commit of their changes. */
export const emitEach = (emitter: EventEmitter<StoreHints>, hints: readonly Hint[]): void => {
  for (const [name, ...args] of hints) emitter.emit(name, ...(args as never))
}
