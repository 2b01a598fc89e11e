import type { MessageState } from '../core/message.ts'

/** A registration as retention looks at it. */
export interface EndedRegistration {
  id: string
  /** Null: it is pending. */
  resolvedAt: number | null
  /** Null: it has no message, or none any more. */
  messageState: MessageState | null
}

/** It ended before `before`, and its message, if it has one, does not wait to be sent. */
export const mayErase = ({ resolvedAt, messageState }: EndedRegistration, before: number): boolean =>
  resolvedAt !== null && resolvedAt < before && messageState !== 'pending'

/** A place in the order in which registrations ended. */
export type Place = Pick<EndedRegistration, 'id'> & { resolvedAt: number }

export const FIRST_PLACE: Place = { resolvedAt: 0, id: '' }
