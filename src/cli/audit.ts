import { userInfo } from 'node:os'
import { createIds, random } from '../app/clock-and-ids.ts'
import type { Config } from '../config/settings.ts'
import type { ActName } from '../core/act.ts'
import { changesOf, type Edit } from '../core/changes.ts'
import type { CallAdminApi } from '../http/command-api.ts'
import { COMMAND, objectOf } from '../store/operators/acts.ts'
import type { Store } from '../store/store.ts'
import { isRefusal } from './ending.ts'

const MAX_NAME_LENGTH = 100

/** Name of the user that runs the command, or the uid: in a container the user may have no name. */
export const userName = (): string => {
  try {
    return userInfo().username.slice(0, MAX_NAME_LENGTH)
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

interface CommandAct extends Edit {
  act: ActName
  /** Id of the object, as typed. */
  object?: string
}

/**
 * Runs an act and records it in the audit: its begin before it runs, its outcome before the command prints the result.
 * The result null counts as refused. If the command is killed in between, the act stays recorded as begun.
 */
export type Audited = <T>(act: CommandAct, run: () => Promise<T>) => Promise<T>

export const auditedBy =
  (store: Pick<Store, 'recordAct' | 'endAct'>, reason: string | null): Audited =>
  async ({ act, object = '', ...edit }, run) => {
    const by = { who: COMMAND, name: userName(), reason }
    const about = { act, object: objectOf(object), changes: changesOf(edit) }
    const begun = await store.recordAct({ ...by, ...about, outcome: 'begun' })
    try {
      const result = await run()
      await store.endAct(begun, result === null ? 'refused' : 'done')
      return result
    } catch (error) {
      // The first error is more useful than one from here.
      await store.endAct(begun, isRefusal(error) ? 'refused' : 'failed').catch(() => {})
      throw error
    }
  }

/** Calls the admin API as the user of the command. It is loaded with the first call. */
export const apiCallsBy = (store: Store, config: Config, reason: string | null): CallAdminApi => {
  const load = async () => {
    const { createCommandApi } = await import('../http/command-api.ts')
    const operator = { id: COMMAND, name: userName(), role: 'admin' } as const
    return createCommandApi({ store, config, newId: createIds(store.now), random, operator, reason })
  }
  let loaded: ReturnType<typeof load> | null = null
  return async (route, given) => {
    loaded ??= load()
    return (await loaded)(route, given)
  }
}
