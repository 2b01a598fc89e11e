import { userInfo } from 'node:os'
import type { NewAct, Store } from '../store/store.ts'

const LONGEST_NAME = 100

/** Whoever runs the command; a container may have no name for its user. */
const userName = (): string => {
  try {
    return userInfo().username.slice(0, LONGEST_NAME)
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** Puts what a command has done into the audit; called before the command says that it is done. */
export const recordCommand = (
  store: Pick<Store, 'recordAct'>,
  { act, object = null, reason }: Pick<NewAct, 'act' | 'reason'> & { object?: string | null },
): Promise<void> => store.recordAct({ who: 'command', name: userName(), act, object, reason, outcome: 'done' })
