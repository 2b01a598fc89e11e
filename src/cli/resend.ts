import type { TypedTime } from '../core/read-time.ts'
import type { Store } from '../store/store.ts'
import { type Answer, anyText, defineCommand, flag, type OnStore, option, partnerOption, time } from './command.ts'
import { refuse } from './ending.ts'
import { explain } from './explain.ts'
import { findPartner } from './find-partner.ts'
import { formatTime, iso, readerZone } from './output.ts'

const resendOne = async (store: Store, id: string, input: OnStore): Promise<Answer> => {
  const data = await input.call('POST /v1/admin/registrations/:id/resend', { id })
  // The webhook may still be held with its URL.
  const { text } = await explain(store, { ...input, what: id })
  return { data, text }
}

type Span = OnStore & { partner: string | null; since: TypedTime; until: TypedTime | null }

const resendSpan = async (store: Store, input: Span): Promise<Answer> => {
  const { partner, since, until, say, lang, reason, call } = input
  const now = store.now()
  const here = { now, zone: readerZone(lang) }
  const span = { since: since(here), until: until?.({ ...here, isEnd: true }) ?? now }
  if (span.until < span.since) refuse({ en: '--until must not be before --since', zh: '--until 不能早于 --since' })
  const created = { messageSince: iso(span.since), messageUntil: iso(span.until) }
  const of = partner === null ? {} : { partner: (await findPartner(store, partner)).id }
  const body = { act: 'resend', filter: { delivery: 'exhausted', ...created, ...of }, reason: reason ?? 'resend' }
  const { id, count, countIsCapped } = await call('POST /v1/admin/bulk', { body })
  await call('POST /v1/admin/bulk/:id/start', { id: id ?? '' })
  const [from, to] = [formatTime(span.since, lang), formatTime(span.until, lang)]
  const none = say({
    en: `No webhook created from ${from} to ${to} has been given up: search further back, as with --since 7d.`,
    zh: `${from} 至${to} 期间产生的回调都未放弃投递：请扩大范围，例如 --since 7d。`,
  })
  const most = `${count}${countIsCapped ? '+' : ''}`
  const some = say({
    en: `Given-up webhooks of ${from} to ${to}: ${most}. The running service, or its next start, sends them again, those to URLs disabled by "callback disable" once these are enabled. The console shows its progress at bulk/${id}.`,
    zh: `${from} 至${to} 期间放弃投递的回调有 ${most} 个，由运行中的服务（或下次启动时）重新投递；已用 "callback disable" 停用的地址，启用后才会投递。进度见控制台 bulk/${id}。`,
  })
  return { data: { id, ...created, count, countIsCapped }, text: count === 0 && !countIsCapped ? none : some }
}

export const commands = [
  defineCommand({
    path: 'resend',
    words: {
      en: 'resend a webhook, or all that were given up in a time span; URLs disabled with "callback disable" stay held',
      zh: '重发某个回调，或重发一段时间内放弃投递的全部回调；已用 "callback disable" 停用的地址除外',
    },
    args: {
      id: option('REGISTRATION_ID', anyText, {
        en: 'its id, which "registration list" shows',
        zh: '登记 id，见 "registration list"',
      }),
    },
    options: {
      partner: partnerOption({
        en: 'all of this partner, by its name or id; needs --since',
        zh: '该合作方（名称或 id）的全部；须同时指定 --since',
      }),
      allPartners: flag({ en: 'all of all partners; needs --since', zh: '所有合作方的全部；须同时指定 --since' }),
      since: option('TIME', time, {
        en: 'webhooks created then or later: 10:00, 2026-11-27, "2026-11-27 10:00" (local time), or how long ago: 24h',
        zh: '回调产生时间不早于：10:00、2026-11-27、"2026-11-27 10:00"（本地时间）或距今时长，如 24h',
      }),
      until: option('TIME', time, {
        en: 'webhooks created then or earlier; a day means its end; now, if it is not given',
        zh: '回调产生时间不晚于此时；仅给日期时为该日结束；默认为当前时间',
      }),
    },
    changes: true,
    example: 'resend --partner "Spruce Ltd" --since 10:00',
    onStore: async (store, { id, ...input }) => {
      const { partner, allPartners, since, until } = input
      const isOfSome = (partner !== null) !== allPartners
      if (id === null && isOfSome && since !== null) return resendSpan(store, { ...input, since })
      if (id !== null && !(partner || allPartners || since || until)) return resendOne(store, id, input)
      return refuse({
        en: 'Give the id of a registration alone, or either --partner or --all-partners, together with --since',
        zh: '请指定重发范围：仅登记 id，或 --since 加上 --partner、--all-partners 之一',
      })
    },
  }),
]
