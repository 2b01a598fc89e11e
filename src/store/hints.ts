import type { EventEmitter } from 'node:events'
import type { ChangedCallback } from './callbacks/health.ts'
import type { Unreadable } from './sealed.ts'

/**
 * What must not be sent any more as it was claimed: a cancelled registration, or everything (null) of a partner that is disabled or has
 * ended a signing secret. What is due all the same is claimed anew.
 */
export interface Withdrawn {
  partnerId: string
  registrationId: string | null
}

/**
 * What the store tells whoever listens. A change is told once it is durable. Where several nodes share a database, what is due,
 * `resolved` and `withdrawn` are told on all of them: on the one that made the change before its verb resolves, on the others mostly
 * within 100 ms, or never, while a node cannot hear the others. So nobody may rely on a hint:
 * - what is due is found by rounds that look again each second;
 * - who waits for `resolved` looks again each second;
 * - nothing is claimed after the commit of what withdraws it, but what another node has claimed before may be sent until its lease ends.
 */
export interface StoreHints {
  /** Something may be due earlier than the last claim said. */
  verificationsDue: []
  messagesDue: []
  bulkActsDue: []
  /** These registrations left `pending`. */
  resolved: [registrationIds: readonly string[]]
  withdrawn: [what: Withdrawn]
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
