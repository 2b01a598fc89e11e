import type { EventEmitter } from 'node:events'

import type { Cancelled } from './registrations/acts.ts'
import type { Unreadable } from './sealed.ts'
import type { ChangedCallback } from './store.ts'

/**
 * What the store tells whoever listens. A change is told once it is durable. Where several nodes share a database, what is due,
 * `resolved` and `cancelled` are told on all of them: on the one that made the change before its verb resolves, on the others mostly
 * within 100 ms, or never, while a node cannot hear the others. So nobody may rely on a hint:
 * - what is due is found by rounds that look again each second;
 * - who waits for `resolved` looks again each second;
 * - nothing is claimed after the commit of a cancel, but what another node has claimed before may be sent until its lease ends.
 */
export interface StoreHints {
  /** Something may be due earlier than the last claim said. */
  verificationsDue: []
  messagesDue: []
  bulkActsDue: []
  /** These registrations left `pending`. */
  resolved: [registrationIds: readonly string[]]
  /** What has been claimed of this must not be sent any more. */
  cancelled: [what: Cancelled]
  /** These callback URLs fail, are disabled, or work again. */
  callbacksChanged: [changedUrls: readonly ChangedCallback[]]
  /**
   * This value cannot be decrypted; told once for each while the store is open, or anew after ten thousand others. Whatever does not
   * need it goes on. A message is exhausted.
   */
  unreadable: [where: Unreadable]
  /** The database file can no longer be trusted (a failed fsync, a replaced file): stop, and recover on restart. */
  broken: [error: Error]
}

/** A hint as data: its name and what it tells. */
export type Hint = { [Name in keyof StoreHints]: [name: Name, ...StoreHints[Name]] }[keyof StoreHints]

/** Tells them, in order. Only after the commit of what they tell. */
export const tellHints = (emitter: EventEmitter<StoreHints>, hints: readonly Hint[]): void => {
  for (const [name, ...args] of hints) emitter.emit(name, ...(args as never))
}
