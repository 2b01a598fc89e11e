import { HOUR, MINUTE } from '../../core/duration.ts'
import type { Callback, CallbackNotice } from '../callbacks.ts'
import { type CallbackHealth, heldBecause } from './callback-health.ts'

/** How long after each try the next one comes: five within an hour. Each is longer than an attempt may take, so it is the lease too. */
const PAUSES_MS = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE]
/** For what waits behind another notice of its partner, and what could not be sent for a fault of our own. */
const PUT_OFF_MS = MINUTE
/** A partner that is disabled is sent nothing. */
const DISABLED_PARTNER_MS = HOUR
/** What lies further ahead was put there before the clock was set back, and is due. */
export const LONGEST_NOTICE_WAIT_MS = HOUR

/** So many notices that are due a claim looks at. */
export const NOTICE_WINDOW = 100
/** So many of a partner's newest messages are looked through for a URL that works. */
export const NEWEST_MESSAGES = 2_000

/** The notice of a disabled URL, as it is stored. Epoch ms. */
export interface Notice {
  /** Null: it was not tried yet. */
  noticeId: string | null
  /** When to try it; null: not any more. */
  noticeDueAt: number | null
  noticeTries: number
}

/** When the notice of a URL is due whose health has just changed; null: there is none. */
export const firstNoticeAt = (health: Pick<CallbackHealth, 'state' | 'lastError'>, at: number): number | null =>
  heldBecause(health) === 'disabled' ? at : null

/** A disabled URL of which a partner is to be told. */
interface DisabledUrl extends Callback, Notice, Pick<CallbackHealth, 'failingSince' | 'lastError'> {}

export interface DueNotice extends Callback {
  isPartnerDisabled: boolean
}

/**
 * What a claim takes of the notices that are due, the longest due first: one of each partner, so that a partner with thousands of
 * disabled URLs neither keeps others waiting nor is told of all at once.
 *
 * @param most that may be taken; what is left over by it stays due
 */
export const shareNotices = <Due extends DueNotice>(due: readonly Due[], most: number, at: number) => {
  const taken = new Map<string, Due>()
  const putOff: { notice: Due; dueAt: number }[] = []
  for (const notice of due) {
    if (notice.isPartnerDisabled) putOff.push({ notice, dueAt: at + DISABLED_PARTNER_MS })
    else if (taken.has(notice.partnerId)) putOff.push({ notice, dueAt: at + PUT_OFF_MS })
    else if (taken.size < most) taken.set(notice.partnerId, notice)
  }
  return { taken: [...taken.values()], putOff }
}

/**
 * What a claim makes of a notice, and what it hands out; null: the URL is not on hold any more, or there is none that works.
 *
 * @param how.disabledAt since when it is on hold
 * @param how.url where its partner can be told
 * @param how.newId for the first try; the others have the same
 */
export const claimNotice = (
  disabled: DisabledUrl,
  { disabledAt, url, newId, at }: { disabledAt: number | null; url: string | null; newId: string; at: number },
): { notice: Notice; claimed: CallbackNotice | null } => {
  const { partnerId, callbackUrl, failingSince, lastError, noticeId, noticeTries } = disabled
  if (disabledAt === null || url === null)
    return { notice: { noticeId, noticeTries, noticeDueAt: null }, claimed: null }
  const [id, attempt, pauseMs] = [noticeId ?? newId, noticeTries + 1, PAUSES_MS[noticeTries]]
  return {
    notice: { noticeId: id, noticeTries: attempt, noticeDueAt: pauseMs === undefined ? null : at + pauseMs },
    claimed: { id, partnerId, url, callbackUrl, disabledAt, failingSince, lastError, attempt },
  }
}

/** `told`: it was answered with 2xx. `unsent`: nothing was sent, for a fault of our own. Any other answer leaves it as it was claimed. */
export type NoticeEnd = 'told' | 'unsent'

export const afterNotice = (notice: Notice, end: NoticeEnd, at: number): Notice =>
  end === 'told'
    ? { ...notice, noticeDueAt: null }
    : { ...notice, noticeDueAt: at + PUT_OFF_MS, noticeTries: notice.noticeTries - 1 }

/** One message that was delivered, and when. */
export interface Delivered {
  callbackUrl: string
  deliveredAt: number
}

/** The URLs of these messages, the one where the last success is the newest first. */
export const byLastSuccess = (delivered: readonly Delivered[]): string[] => {
  const last = new Map<string, number>()
  for (const { callbackUrl, deliveredAt } of delivered)
    last.set(callbackUrl, Math.max(deliveredAt, last.get(callbackUrl) ?? deliveredAt))
  return [...last].sort(([a, at], [b, bt]) => bt - at || (a < b ? -1 : 1)).map(([callbackUrl]) => callbackUrl)
}
