import type { Words } from '../../../core/language.ts'
import { unavailable } from '../../unavailable.ts'
import { pack, unpack } from './crossing.ts'
import { unpackError } from './errors.ts'
import { postAll } from './post-all.ts'
import type { Call, Outcome, Verb } from './protocol.ts'

interface Caller {
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

/** The API has gathered these already (coalescer), so they need not wait for the end of the turn. */
const AT_ONCE: ReadonlySet<Call['verb']> = new Set<Call['verb']>(['register'])

/**
 * The calls that wait for the other thread. What is called in one turn of the event loop is posted together, at its end
 * or with the first that is posted at once.
 *
 * @param post sends calls; throws, and has sent nothing, where something in them cannot be copied
 */
export const createCalls = (post: (calls: readonly Call[]) => void) => {
  /**
   * By id; ids are used again. Not a Map: V8 replaces one that is filled and emptied all the time, and the old tables keep
   * their calls alive (decisions/009).
   */
  const waiting: (Caller | null)[] = []
  const freeIds: number[] = []
  let unsent: Call[] = []
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

  const send = (verb: Call['verb'], args: unknown): Promise<unknown> =>
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

    /** Takes no more of them. Resolves when none waits. */
    refuse: (why: Words): Promise<void> => {
      refusal = why
      return new Promise(resolve => {
        onIdle = resolve
        if (isIdle()) resolve()
      })
    },

    /** Nobody will answer: all that wait are rejected, and whatever comes. */
    abandon: (why: Words): void => {
      refusal = why
      unsent = []
      for (const id of waiting.keys()) take(id)?.reject(unavailable(why))
    },
  }
}
