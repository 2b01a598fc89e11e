import { userInfo } from 'node:os'
import { changesOf, type Edit } from '../core/changes.ts'
import { COMMAND, objectOf } from '../store/operators/acts.ts'
import type { Store } from '../store/store.ts'
import { isConflict } from './ending.ts'

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
  /** The only result of which it was done; any but null unless given. Otherwise it was refused. */
  done?: string
}

/**
 * Does what a command is to do: it is in the audit before it begins, and its end before the command tells it. If the command is
 * ended meanwhile, the audit has it as begun.
 */
export type Audited = <T>(act: CommandAct, run: () => Promise<T>) => Promise<T>

export const auditedBy =
  (store: Pick<Store, 'recordAct' | 'endAct'>, reason: string | null): Audited =>
  async ({ act, object = '', done, ...edit }, run) => {
    const by = { who: COMMAND, name: userName(), reason }
    const about = { act, object: objectOf(object), changes: changesOf(edit) }
    const begun = await store.recordAct({ ...by, ...about, outcome: 'begun' })
    try {
      const result = await run()
      await store.endAct(begun, (done === undefined ? result !== null : result === done) ? 'done' : 'refused')
      return result
    } catch (error) {
      // The first error tells more than one here.
      await store.endAct(begun, isConflict(error) ? 'refused' : 'failed').catch(() => {})
      throw error
    }
  }
