import type { z } from 'zod'
import { enumOf, wholeNumber } from '../config/parsers.ts'
import { LISTED_STATES } from '../core/message.ts'
import { showPartner } from '../core/operator-texts/catalogue.ts'
import { REGISTRATION_STATUSES } from '../core/registration.ts'
import { REASONS } from '../core/verification.ts'
import type { FOUND_REGISTRATION } from '../http/admin/registration-view.ts'
import type { CallAdminApi, Query } from '../http/command-api.ts'
import { MAX_PAGE_SIZE } from '../http/json/pagination.ts'
import { anyText, defineCommand, option, partnerOption, required, type Say, time } from './command.ts'
import { findPartner } from './find-partner.ts'
import { type Cell, iso, readerZone, showTable } from './output.ts'

type Found = z.output<typeof FOUND_REGISTRATION>

/** Maximum number of pages per search. A page reads at most 5,000 registrations, so this is 500,000. */
const MAX_PAGES = 100

const statusWords = (say: Say) => ({
  pending: say({ en: 'pending', zh: '等待中' }),
  succeeded: say({ en: 'succeeded', zh: '通过' }),
  failed: say({ en: 'failed', zh: '未通过' }),
  unresolved: say({ en: 'unresolved', zh: '未决' }),
  cancelled: say({ en: 'cancelled', zh: '已取消' }),
  delivered: say({ en: 'delivered', zh: '已送达' }),
  exhausted: say({ en: 'exhausted', zh: '已放弃' }),
  held: say({ en: 'held', zh: '暂停' }),
})

const rowOf = (one: Found, say: Say): Cell[] => {
  const { id, idcardid, status, reason, delivery, createdAt } = one
  const words = statusWords(say)
  const isHeld = delivery.state === 'pending' && delivery.nextAttemptAt === null
  const [sent, n] = [words[isHeld ? 'held' : delivery.state], delivery.attempts]
  const webhook = delivery.messageId && say({ en: `${sent} (${n})`, zh: `${sent}（${n} 次）` })
  const shown =
    reason === null ? words[status] : say({ en: `${words[status]}: ${reason}`, zh: `${words[status]}：${reason}` })
  return [id, idcardid, showPartner(one), shown, webhook, delivery.error, Date.parse(createdAt)]
}

/** Searches until `limit` registrations are found, no more are left, or `MAX_PAGES` pages are read. */
export const searchAll = async (
  call: CallAdminApi,
  { limit, cursor, ...filter }: Query & { limit: number; cursor: string | null },
): Promise<{ data: Found[]; nextCursor: string | null }> => {
  const data: Found[] = []
  let nextCursor = cursor
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { ...filter, limit: Math.min(limit - data.length, MAX_PAGE_SIZE), cursor: nextCursor }
    const answer = await call('GET /v1/admin/registrations', { query })
    data.push(...answer.data)
    nextCursor = answer.nextCursor
    if (nextCursor === null || data.length >= limit) break
  }
  return { data, nextCursor }
}

export const group = { en: 'find registrations of all partners', zh: '查找所有合作方的登记' }

export const commands = [
  defineCommand({
    path: 'registration list',
    words: { en: 'find registrations of all partners, newest first', zh: '查找所有合作方的登记（按时间倒序）' },
    options: {
      partner: partnerOption({ en: 'of this partner, by its name or id', zh: '只看该合作方（名称或 id）' }),
      serial: option('SERIAL', anyText, { en: 'of this serial', zh: '只看该流水号' }),
      status: option('STATUS', enumOf(REGISTRATION_STATUSES), { en: 'with this status', zh: '只看该状态' }),
      delivery: option('STATE', enumOf(LISTED_STATES), {
        en: 'whose webhook is in this state',
        zh: '只看回调处于该状态的',
      }),
      reasonEnded: option('REASON', enumOf(REASONS), { en: 'unresolved for this reason', zh: '只看因该原因未决的' }),
      host: option('HOST', anyText, { en: 'with this callback host', zh: '只看该回调主机' }),
      account: option('ACCOUNT', anyText, {
        en: 'polled with this account, APIID or id',
        zh: '只看用该账户（APIID 或 id）查询的',
      }),
      since: option('TIME', time, {
        en: 'created then or later: 10:00, 2026-11-27, "2026-11-27 10:00" (local time), or how long ago: 24h',
        zh: '登记时间不早于：10:00、2026-11-27、"2026-11-27 10:00"（本地时间）或距今时长，如 24h',
      }),
      until: option('TIME', time, {
        en: 'created then or earlier; a day means its end',
        zh: '登记时间不晚于此时；仅给日期时为该日结束',
      }),
      limit: required(
        option('NUMBER', wholeNumber({ min: 1, max: 1_000 }), { en: 'maximum number', zh: '最多显示条数' }),
        50,
      ),
      cursor: option('CURSOR', anyText, { en: 'continue after the previous list', zh: '从上一页之后继续' }),
    },
    example: 'registration list --status pending --since 24h --limit 20',
    onStore: async (store, { say, lang, call, partner, since, until, reasonEnded, ...named }) => {
      const here = { now: store.now(), zone: readerZone(lang) }
      const { limit, cursor, serial, status, delivery, host, account } = named
      const { data, nextCursor } = await searchAll(call, {
        ...{ limit, cursor, serial, status, delivery, host, account, reason: reasonEnded },
        partner: partner && (await findPartner(store, partner)).id,
        since: since && iso(Math.max(0, since(here))),
        until: until && iso(Math.max(0, until({ ...here, isEnd: true }))),
      })
      const head = say({
        en: 'id|serial|partner|status|webhook|last error|created',
        zh: 'id|流水号|合作方|状态|回调|最近错误|创建时间',
      })
      const rows = data.map(one => rowOf(one, say))
      const text = showTable(head.split('|'), rows, lang)
      const more =
        nextCursor === null
          ? ''
          : say({ en: `\nThere may be more: --cursor ${nextCursor}`, zh: `\n可能还有更多：--cursor ${nextCursor}` })
      return { data: { data, nextCursor }, text: `${text}${more}` }
    },
  }),
]
