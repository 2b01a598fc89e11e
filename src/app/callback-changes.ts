import { hostOf } from '../core/callback-url.ts'
import type { OperatorNote } from '../core/operator-event.ts'
import { notesOfEvent } from '../operator/notes.ts'
import type { Store } from '../store/store.ts'
import { createEmit, type Emit } from '../telemetry/emit.ts'

type CallbackEvent = `callback.${'failing' | 'disabled' | 'recovered' | 'enabled'}`

/** Emits what becomes of callback URLs by the calls of this process. */
export const emitCallbackChanges = (store: Pick<Store, 'hints'>, emit: Emit<CallbackEvent>): void => {
  store.hints.on('callbacksChanged', changedUrls => {
    for (const { transition, partnerId, callbackUrl, failingSince, lastError } of changedUrls) {
      const since = new Date(failingSince).toISOString()
      emit(`callback.${transition}`, { partnerId, host: hostOf(callbackUrl), since, error: lastError })
    }
  })
}

/**
 * A service tells operators of the changes of its own calls, and learns of no others: a command notes its own.
 *
 * @returns notes those that have been so far
 */
export const noteCallbackChanges = (store: Pick<Store, 'hints' | 'now' | 'noteOperatorEvents'>) => {
  const notes: OperatorNote[] = []
  emitCallbackChanges(store, createEmit([event => void notes.push(...notesOfEvent(event, store.now()))]))
  return async (): Promise<void> => {
    if (notes.length > 0) await store.noteOperatorEvents(notes)
  }
}
