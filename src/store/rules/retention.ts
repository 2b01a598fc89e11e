import { DAY } from '../../core/duration.ts'
import type { MessageState } from '../../core/message.ts'

/** Whoever found it before its removal may register for it for some seconds more. */
export const mayEraseAccount = (account: { removedAt: number; isWaitedFor: boolean }, now: number): boolean =>
  account.removedAt < now - 1 * DAY && !account.isWaitedFor

/** A registration as retention looks at it. */
export interface EndedRegistration {
  id: string
  /** Null: it is pending. */
  resolvedAt: number | null
  /** Null: it has no message. */
  message: { state: MessageState; dueAt: number | null } | null
}

/** It ended before `before`, and its message, if it has one, is not going to be sent: what is held has no due time. */
export const mayErase = ({ resolvedAt, message }: EndedRegistration, before: number): boolean =>
  resolvedAt !== null && resolvedAt < before && (message === null || message.dueAt === null)

/** The one that ended first comes first. */
export const byEnd = (one: Pick<EndedRegistration, 'id' | 'resolvedAt'>, other: typeof one): number =>
  (one.resolvedAt ?? 0) - (other.resolvedAt ?? 0) || (one.id < other.id ? -1 : 1)

/**
 * No registration has the lane any more, so its host is none that the partner has. What it has is looked up, not counted: a process
 * of another version beside this one may not count, and a message whose lane is gone is never sent.
 */
export const isLaneUnused = ({
  hasRegistration,
  hasDueMessage,
}: {
  hasRegistration: boolean
  hasDueMessage: boolean
}): boolean => !hasRegistration && !hasDueMessage
