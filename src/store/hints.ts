import type { EventEmitter } from 'node:events'
import type { StoreEvents } from './store.ts'

/** An event as data: its name and what it tells. */
export type Hint = { [Name in keyof StoreEvents]: [name: Name, ...StoreEvents[Name]] }[keyof StoreEvents]

/** Tells them, in order. Only after the commit of what they tell. */
export const tellHints = (events: EventEmitter<StoreEvents>, hints: readonly Hint[]): void => {
  for (const [name, ...args] of hints) events.emit(name, ...(args as never))
}
