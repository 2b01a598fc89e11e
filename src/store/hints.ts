import type { EventEmitter } from 'node:events'
import type { StoreHints } from './store.ts'

/** A hint as data: its name and what it tells. */
export type Hint = { [Name in keyof StoreHints]: [name: Name, ...StoreHints[Name]] }[keyof StoreHints]

/** Tells them, in order. Only after the commit of what they tell. */
export const tellHints = (emitter: EventEmitter<StoreHints>, hints: readonly Hint[]): void => {
  for (const [name, ...args] of hints) emitter.emit(name, ...(args as never))
}
