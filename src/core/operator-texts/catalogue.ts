import type { Alert, AlertCondition, AlertDetails, AlertState } from '../alert.ts'
import type { AccountFault } from '../answer.ts'
import type { NodeTrait } from '../node.ts'
import type { OperatorProblem } from '../operator-channel.ts'
import type { ShowTime } from '../show-time.ts'
import type { Trouble, TroubleCode } from '../trouble.ts'
import type { DatabaseFault } from './database-fault.ts'

/** A problem and its remedy. */
export interface TroubleWords {
  sentence: string
  remedy: string
}

/** A remedy, and the commands that follow it outside the console, which has a button for them. */
export interface Entry extends TroubleWords {
  commands?: readonly string[]
}

/** `remedy`: a line for each step. `page`: the step on the account's page, which precedes the remedy outside that page. */
export interface Fault extends TroubleWords {
  page?: string
}
/** Several steps are numbered, a line each. */
export const remedyOf = ({ page, remedy }: Fault): string => {
  const steps = [...(page === undefined ? [] : [page]), ...remedy.split('\n')]
  return steps.length === 1 ? remedy : steps.map((step, i) => `${i + 1}. ${step}`).join('\n')
}

/** When the text is written (epoch ms), and how times are formatted. */
export interface Moment {
  at: number
  showTime: ShowTime
}

/** A channel's error: a lasting problem, one with the text of a message, or one that may pass. */
export type ChannelFault = OperatorProblem | 'content' | 'later'

/** Conditions that are no trouble of `status`: they happen once, or concern one partner. */
type Own = {
  [Condition in AlertCondition as AlertDetails[Condition] extends Trouble ? never : Condition]: (
    details: AlertDetails[Condition],
    alert: Happened & Moment,
  ) => Entry
}

type Happened = Pick<Alert, 'count' | 'since' | 'state'>

/** All texts for operators about troubles, in one language, for `status`, `doctor`, the overview and notices. */
export interface Catalogue {
  troubles: { [Code in TroubleCode]: (trouble: Extract<Trouble, { code: Code }>, moment: Moment) => Entry }
  faults: Readonly<Record<AccountFault, Fault>>
  databaseRemedies: Readonly<Record<DatabaseFault, string>>
  channelRemedies: Readonly<Record<ChannelFault, string>>
  traits: Readonly<Record<NodeTrait, string>>
  own: Own
  /** Name of a condition in a notice, firing or resolved. */
  titles: Readonly<Record<AlertCondition, string>>
  states: Readonly<Record<AlertState, string>>
  times: (count: number) => string
  lasted: (since: string, until: string, span: string) => string
  /** For an alert that ended before it began, by a clock that was set back. */
  ended: (until: string) => string
  test: TroubleWords & { title: string }
  /** Notices to a partner's contact about its URLs. */
  contact: Readonly<Record<'callback.failing' | 'callback.disabled', (urls: string) => TroubleWords>> & {
    over: (urls: string) => string
    since: (time: string) => string
    others: (count: number) => string
  }
  toDo: string
  page: (anchor: string) => string
  openPage: string
  several: (count: number) => string
  more: (count: number, types: string) => string
}

/** Free space below which no commit fits: it writes some pages of 2 or 4 KiB. */
export const FULL_BYTES = 32 * 1024

export const atLeast = (count: number, isCapped = false): string => `${count}${isCapped ? '+' : ''}`

interface NamedPartner {
  partnerId: string
  /** Null or missing if unknown. */
  partnerName?: string | null | undefined
}

export const showPartner = ({ partnerId, partnerName }: NamedPartner): string =>
  partnerName ? `${partnerName} (${partnerId})` : partnerId

/** Whether the time is still ahead; if not, its action is under way. */
export const isAhead = (at: number | null, now: number): at is number => at !== null && at > now

/** Whether an outage's error says that something answers, but not as GetResult does. */
export const isConfused = (error: string): boolean => /^(unparseable|too_large|http_status)/.test(error)
