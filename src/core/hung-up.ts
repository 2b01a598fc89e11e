import { AsyncLocalStorage } from 'node:async_hooks'

/** Tells whatever is done for a call whether its caller has hung up; what the service does by itself is told nothing. */
export const hasHungUp = new AsyncLocalStorage<() => boolean>()
