import type { AccountFault } from '../answer.ts'
import type { NodeTrait } from '../node.ts'
import type { OperatorProblem } from '../operator-channel.ts'
import type { OperatorCondition, OperatorDetails, OperatorEvent, OperatorState } from '../operator-event.ts'
import type { ShowTime } from '../show-time.ts'
import type { Trouble, TroubleCode } from '../trouble.ts'
import type { DatabaseFault } from './database-fault.ts'

/** What is wrong, and what to do about it. */
export interface TroubleWords {
  sentence: string
  remedy: string
}

/** A remedy, and the commands that do what the console has a button for, which are said after it elsewhere. */
export interface Entry extends TroubleWords {
  commands?: readonly string[]
}

/** `page`: what to do on the page of the account, which is said first elsewhere. */
export interface Fault extends TroubleWords {
  page?: string
}
export const remedyOf = ({ page = '', remedy }: Fault): string => page + remedy

/** When it is said (epoch ms), and how a time is written. */
export interface Moment {
  at: number
  showTime: ShowTime
}

/** What a channel answered: a lasting problem, one with the text of a message, or what may pass. */
export type ChannelFault = OperatorProblem | 'content' | 'later'

/** Conditions that are no trouble of `status`: they happen, or are of one partner. */
type Own = {
  [Condition in OperatorCondition as OperatorDetails[Condition] extends Trouble ? never : Condition]: (
    details: OperatorDetails[Condition],
    event: Happened & Moment,
  ) => Entry
}

type Happened = Pick<OperatorEvent, 'count' | 'since' | 'state'>

/** All that operators read of what is wrong, in one language: `status`, `doctor`, the overview and notices have it from here. */
export interface Catalogue {
  troubles: { [Code in TroubleCode]: (trouble: Extract<Trouble, { code: Code }>, moment: Moment) => Entry }
  faults: Readonly<Record<AccountFault, Fault>>
  databaseRemedies: Readonly<Record<DatabaseFault, string>>
  channelRemedies: Readonly<Record<ChannelFault, string>>
  traits: Readonly<Record<NodeTrait, string>>
  own: Own
  /** What a notice calls a condition, whether it has come or is over. */
  titles: Readonly<Record<OperatorCondition, string>>
  states: Readonly<Record<OperatorState, string>>
  times: (count: number) => string
  lasted: (since: string, until: string, span: string) => string
  /** It ended before it began, by a clock that was set back. */
  ended: (until: string) => string
  test: TroubleWords & { title: string }
  /** What a partner's contact is told of its URLs. */
  contact: Readonly<Record<'callback.failing' | 'callback.disabled', (urls: string) => TroubleWords>> & {
    over: (urls: string) => string
    since: (time: string) => string
    others: (count: number) => string
  }
  toDo: string
  page: (anchor: string) => string
  several: (count: number) => string
  more: (count: number, types: string) => string
}

/** A commit does not fit into less: it writes some pages of 2 or 4 KiB. */
export const FULL_BYTES = 32 * 1024

export const atLeast = (count: number, isCapped = false): string => `${count}${isCapped ? '+' : ''}`

interface NamedPartner {
  partnerId: string
  /** Not known, where there is none. */
  partnerName?: string | null | undefined
}

export const showPartner = ({ partnerId, partnerName }: NamedPartner): string =>
  partnerName ? `${partnerName} (${partnerId})` : partnerId

/** What is not ahead is under way. */
export const isAhead = (at: number | null, now: number): at is number => at !== null && at > now
