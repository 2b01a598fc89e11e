import {
  afterNotice,
  byLastSuccess,
  claimNotice,
  LONGEST_NOTICE_WAIT_MS,
  NEWEST_MESSAGES,
  NOTICE_WINDOW,
  shareNotices,
} from '../../../../src/store/rules/callback-notice.ts'
import type { CallbackNotice, Store } from '../../../../src/store/store.ts'
import type { Context } from './context.ts'
import { type HealthRow, urlKey } from './tables.ts'

type Verbs = Pick<Store, 'claimCallbackNotices' | 'settleCallbackNotices'>

export const createCallbackNotices = ({ tables, now }: Context): Verbs => {
  const dueOf = (at: number) =>
    tables.health
      .where(({ noticeDueAt: dueAt }) => dueAt !== null && (dueAt <= at || dueAt > at + LONGEST_NOTICE_WAIT_MS))
      .sort((a, b) => (a.noticeDueAt ?? 0) - (b.noticeDueAt ?? 0) || (urlKey(a) < urlKey(b) ? -1 : 1))
      .slice(0, NOTICE_WINDOW)
      .map(row => ({ ...row, isPartnerDisabled: tables.partners.get(row.partnerId)?.disabled === true }))

  const workingUrl = ({ partnerId, callbackUrl }: HealthRow): string | undefined => {
    const newest = tables.messages
      .where(one => one.partnerId === partnerId)
      .sort((a, b) => b.event - a.event)
      .slice(0, NEWEST_MESSAGES)
    const delivered = newest
      .filter(one => one.state === 'delivered' && one.callbackUrl !== callbackUrl)
      .flatMap(one =>
        tables.attempts
          .where(({ messageSeq, outcome }) => messageSeq === one.seq && outcome === 'delivered')
          .map(({ at }) => ({ callbackUrl: one.callbackUrl, deliveredAt: at })),
      )
    return byLastSuccess(delivered).find(other => {
      const key = urlKey({ partnerId, callbackUrl: other })
      return !tables.health.get(key) && !tables.pauses.get(key)
    })
  }

  const claim = (row: HealthRow, newId: string, at: number): CallbackNotice[] => {
    const disabledAt = tables.pauses.get(urlKey(row))?.since ?? null
    const { notice, claimed } = claimNotice(row, { disabledAt, url: workingUrl(row) ?? null, newId, at })
    tables.health.change(urlKey(row), notice)
    return claimed ? [claimed] : []
  }

  return {
    claimCallbackNotices: async ids =>
      tables.transaction(() => {
        const at = now()
        if (tables.hold.get('')) return []
        const { taken, putOff } = shareNotices(dueOf(at), ids.length, at)
        for (const { notice, dueAt } of putOff) tables.health.change(urlKey(notice), { noticeDueAt: dueAt })
        return taken.flatMap((row, n) => claim(row, ids[n] as string, at))
      }),

    settleCallbackNotices: async settlements =>
      tables.transaction(() => {
        for (const { id, end, ...url } of settlements) {
          const row = tables.health.get(urlKey(url))
          if (row?.noticeId !== id) continue
          const { noticeId, noticeDueAt, noticeTries } = afterNotice(row, end, now())
          tables.health.change(urlKey(row), { noticeId, noticeDueAt, noticeTries })
        }
      }),
  }
}
