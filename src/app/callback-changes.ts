import type { Observation } from '../core/alert.ts'
import { hostOf } from '../core/callback-url.ts'
import { observationsOf } from '../operator/observations.ts'
import type { Store } from '../store/store.ts'
import { createEmit, type Emit } from '../telemetry/emit.ts'

/** Emits changes of callback URLs that are made by calls of this process. */
export const emitCallbackChanges = (store: Pick<Store, 'hints'>, emit: Emit): void => {
  store.hints.on('callbacksChanged', changedUrls => {
    for (const { transition, partnerId, callbackUrl, failingSince, lastError } of changedUrls) {
      const since = new Date(failingSince).toISOString()
      emit(`callback.${transition}`, { partnerId, host: hostOf(callbackUrl), since, error: lastError })
    }
  })
}

/**
 * Collects the changes of callback URLs that a command makes, because a service notifies operators of its own changes
 * only. Returns a function that stores them as notes.
 */
export const noteCallbackChanges = (store: Pick<Store, 'hints' | 'now' | 'noteAlerts'>) => {
  const notes: Observation[] = []
  emitCallbackChanges(store, createEmit([event => void notes.push(...observationsOf(event, store.now()))]))
  return async () => void (notes.length > 0 && (await store.noteAlerts(notes)))
}
