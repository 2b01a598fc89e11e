import { DAY, HOUR } from '../../src/core/duration.ts'
import type { Promises } from './findings.ts'
import { isOk, RECORDED_WITHIN_MS } from './judged.ts'
import type { Act, Registering, Seen, Webhook } from './seen.ts'

/** The answers of callback URLs and of their hosts. */
export interface Urls {
  /** Answers of the host that are no 2xx, or took long. */
  unwell: (url: string) => readonly Webhook[]
  /** Each 410 after which nothing may be sent there, except those that may have been released or erased. */
  goneSince: (asked: UrlOf, at: number) => readonly Webhook[]
  /** Whether webhooks for it may be held: after a 410 or five days of failures that may not have been released. */
  mayBeHeld: (asked: UrlOf, at: number) => boolean
}
type UrlOf = Pick<Registering, 'partner' | 'url'>

/** A receiver that takes longer holds up others of its host. */
export const SLOW_MS = 1_000
/** A URL where every attempt has failed for five days is disabled, by a clock that may have been set. */
const DISABLED_AFTER_MS = 5 * DAY - 2 * HOUR

const messageOf = (registrationId: string): string => registrationId.replace('reg_', 'msg_')

/**
 * After a 410, or five days of failures, nothing goes to that URL until it is registered again, or one of its messages is
 * resent: only its 2xx lets the others go.
 */
export const urlsOf = (
  { webhooks, registering, acts, bulkResends }: Seen,
  { queued, retention }: Pick<Promises, 'queued' | 'retention'>,
): Urls => {
  const failed = webhooks.filter(({ status, at, answeredAt }) => !isOk(status) || answeredAt - at >= SLOW_MS)
  const unwell = Map.groupBy(failed, ({ url }) => new URL(url).host)
  const keyOf = ({ partner, url }: { partner: string | null; url: string }) => `${partner} ${url}`
  // A 410 to a webhook whose registration is cancelled is not recorded. The first cancel counts: it may be repeated.
  const cancelled = acts.filter(({ what }) => what === 'cancel').toSorted((one, other) => other.at - one.at)
  const answered410 = webhooks.filter(({ status }) => status === 410)
  /** By URL the 410s before whose answer no such cancel was. A cancel without an answer may not have been done. */
  const goneBut = (cancels: readonly Act[]) => {
    const cancelledAt = new Map(cancels.map(({ id, at }) => [messageOf(id), at]))
    return Map.groupBy(
      answered410.filter(one => (cancelledAt.get(one.id) ?? one.answeredAt + 1) > one.answeredAt),
      ({ signedBy, url }) => keyOf({ partner: signedBy, url }),
    )
  }
  const gone = goneBut(cancelled)
  const mayBeGone = goneBut(cancelled.filter(({ answeredAt }) => answeredAt !== null))
  const sent = Map.groupBy(webhooks, ({ signedBy, url }) => keyOf({ partner: signedBy, url }))
  /** The failure with which five days of failures may have been over. */
  const lastOfDays = (asked: UrlOf, at: number): Webhook | null => {
    const known = (sent.get(keyOf(asked)) ?? []).filter(({ answeredAt }) => answeredAt < at)
    const [first, ...more] = known.slice(known.findLastIndex(({ status }) => isOk(status)) + 1)
    const last = more.at(-1)
    return first && last && last.answeredAt - first.at >= DISABLED_AFTER_MS ? last : null
  }
  const urlOf = new Map(registering.flatMap(({ id, url }) => (id === null ? [] : [[id, url] as const])))
  const resends = acts.flatMap(({ what, id, ...act }) =>
    what === 'resend' ? [{ ...act, url: urlOf.get(id) ?? '' }] : [],
  )
  const registered = Map.groupBy(registering, keyOf)
  const releases = Map.groupBy([...registering, ...resends], keyOf)
  const lastGone = (asked: UrlOf, at: number) =>
    mayBeGone.get(keyOf(asked))?.findLast(({ answeredAt }) => answeredAt < at) ?? null
  const isReleased = (asked: UrlOf, by: (release: { at: number; answeredAt: number | null }) => boolean) =>
    (releases.get(keyOf(asked)) ?? []).some(by)
  return {
    unwell: url => unwell.get(new URL(url).host) ?? [],
    goneSince: (asked, at) =>
      (gone.get(keyOf(asked)) ?? []).filter(one => {
        const mayRelease = (act: { at: number; answeredAt: number | null }) =>
          act.at <= at && (act.answeredAt ?? at) >= one.at - queued
        const isOfPartner = bulkResends.some(act => act.partner === asked.partner && mayRelease(act))
        const isKept = one.answeredAt < at && one.answeredAt > at - retention
        return isKept && !isOfPartner && !isReleased(asked, mayRelease)
      }),
    mayBeHeld: (asked, at) =>
      [lastGone(asked, at), lastOfDays(asked, at)].some(
        last =>
          last !== null &&
          !(registered.get(keyOf(asked)) ?? []).some(
            one => one.at > last.answeredAt + RECORDED_WITHIN_MS && (one.answeredAt ?? at) < at,
          ),
      ),
  }
}
