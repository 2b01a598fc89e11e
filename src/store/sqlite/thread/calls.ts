import type { Words } from '../../../core/language.ts'
import { unavailable } from '../../unavailable.ts'
import { pack, unpack } from './crossing.ts'
import { unpackError } from './errors.ts'
import { postAll } from './post-all.ts'
import type { Outcome, Verb, VerbCall } from './protocol.ts'

interface Caller {
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

/** Verbs to be sent at once: the API has already batched these (coalescer). */
const AT_ONCE: ReadonlySet<VerbCall['verb']> = new Set<VerbCall['verb']>(['register'])

/**
 * Calls that are pending on the other thread. Calls of one turn of the event loop are posted together at its end, or
 * with the first one that is sent at once.
 *
 * @param post sends calls; throws, without sending any, if a value in them cannot be copied
 */
export const createCalls = (post: (calls: readonly VerbCall[]) => void) => {
  /**
   * By id; ids are reused. Not a Map: V8 replaces a Map that is constantly filled and emptied, and the old tables keep
   * their calls alive (decisions/009).
   */
  const waiting: (Caller | null)[] = []
  const freeIds: number[] = []
  let unsent: VerbCall[] = []
  let refusal: Words | null = null
  let onIdle = () => {}

  const isIdle = () => freeIds.length === waiting.length

  const take = (id: number): Caller | null => {
    const caller = waiting[id] ?? null
    if (caller === null) return null
    waiting[id] = null
    freeIds.push(id)
    if (isIdle()) onIdle()
    return caller
  }

  const flush = () => {
    if (unsent.length === 0) return
    const calls = unsent
    unsent = []
    postAll(calls, { post, refuse: ({ id }, error) => take(id)?.reject(error) })
  }

  const send = (verb: VerbCall['verb'], args: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (unsent.length === 0) setImmediate(flush)
      const id = freeIds.pop() ?? waiting.length
      waiting[id] = { resolve, reject }
      unsent.push({ id, verb, args })
      if (AT_ONCE.has(verb)) flush()
    })

  return {
    send,
    call: async (verb: Verb, args: unknown[]): Promise<unknown> => {
      if (refusal !== null) throw unavailable(refusal)
      return send(verb, pack(args))
    },

    settle: (outcome: Outcome): void => {
      const caller = take(outcome.id)
      if (!caller) return
      if (outcome.ok) caller.resolve(unpack(outcome.result))
      else caller.reject(unpackError(outcome.error))
    },

    /** Rejects further calls. Resolves when none is pending. */
    refuse: (why: Words): Promise<void> => {
      refusal = why
      return new Promise(resolve => {
        onIdle = resolve
        if (isIdle()) resolve()
      })
    },

    /** Rejects all pending and further calls: the thread has ended. */
    abandon: (why: Words): void => {
      refusal = why
      unsent = []
      for (const id of waiting.keys()) take(id)?.reject(unavailable(why))
    },
  }
}
