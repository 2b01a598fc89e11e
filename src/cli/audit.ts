import { userInfo } from 'node:os'
import { changesOf, type Edit } from '../core/changes.ts'
import { COMMAND, objectOf } from '../store/act.ts'
import type { NewAct, Store } from '../store/store.ts'

const LONGEST_NAME = 100

/** Whoever runs the command; a container may have no name for its user. */
export const userName = (): string => {
  try {
    return userInfo().username.slice(0, LONGEST_NAME)
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

interface CommandAct extends Edit {
  act: string
  /** The id of what it is done to, as it was typed. */
  object?: string
  reason: string | null
}

const by = () => ({ who: COMMAND, name: userName() })
const record = (
  store: Pick<Store, 'recordAct'>,
  { act, object = '', reason, ...edit }: CommandAct,
  outcome: NewAct['outcome'],
): Promise<number> =>
  store.recordAct({ ...by(), act, object: objectOf(object), reason, changes: changesOf(edit), outcome })

/** Puts what a command has done into the audit. */
export const recordDone = async (store: Pick<Store, 'recordAct'>, act: CommandAct): Promise<void> => {
  await record(store, act, 'done')
}

/**
 * Does what a command is to do: it is in the audit before it begins, and its end before the command tells it. If the command is
 * ended meanwhile, the audit has it as begun.
 *
 * @param isDone tells by the result whether it was done, or else refused
 */
export const audited = async <T>(
  store: Pick<Store, 'recordAct' | 'endAct'>,
  act: CommandAct,
  run: () => Promise<T>,
  isDone: (result: T) => boolean = result => result !== null,
): Promise<T> => {
  const begun = await record(store, act, 'begun')
  let result: T
  try {
    result = await run()
  } catch (error) {
    // The first error tells more than one here.
    await store.endAct(begun, 'failed').catch(() => {})
    throw error
  }
  await store.endAct(begun, isDone(result) ? 'done' : 'refused')
  return result
}
