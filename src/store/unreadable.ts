import type { EventEmitter } from 'node:events'
import type { Sealed } from './sealed.ts'
import type { StoreHints } from './store.ts'

/** Where a stored value is that cannot be decrypted: it is damaged, from another row, or sealed under a key that is not there. */
export interface Unreadable {
  table: 'accounts' | 'signing_secrets' | 'verifications' | 'registrations' | 'messages'
  /** The id of its row; of a message, that of its registration. */
  id: string
}

/** Opens a stored value; where it does not open, that is told, and the caller goes on with `instead`. */
export type OpenOr = <Value, Instead>(
  where: Unreadable,
  how: { open: () => Value; instead: Instead },
) => Value | Instead

/** What opens the values of rows. */
export interface Opening {
  sealed: Sealed
  openOr: OpenOr
}

/** So many of them are remembered, so that each is told once; behind that, all may be told anew. */
const MOST_TOLD = 10_000

/**
 * One value that does not open must stop nobody but whoever needs that value. It is told once, and it may be told within a
 * transaction that is undone or run again, because it says nothing about what the transaction does.
 */
export const createOpenOr = (hints: EventEmitter<StoreHints>): OpenOr => {
  const told = new Set<string>()
  const tell = (where: Unreadable) => {
    const key = `${where.table} ${where.id}`
    if (told.has(key)) return
    if (told.size >= MOST_TOLD) told.clear()
    told.add(key)
    hints.emit('unreadable', where)
  }

  return (where, { open, instead }) => {
    try {
      return open()
    } catch {
      tell(where)
      return instead
    }
  }
}
