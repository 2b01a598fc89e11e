import { enumOf, wholeNumber } from '../config/parsers.ts'
import { MESSAGE_STATES } from '../core/message.ts'
import { showPartner } from '../core/operator-texts/catalogue.ts'
import { isRegistrationId, REGISTRATION_STATUSES } from '../core/registration.ts'
import { REASONS } from '../core/verification.ts'
import { withPartnerNames } from '../http/admin/partner-names.ts'
import { viewFound } from '../http/admin/registration-view.ts'
import {
  ALL_REGISTRATIONS,
  errorOf,
  type FoundRegistration,
  type RegistrationFilter,
} from '../store/registrations/filter.ts'
import type { Store } from '../store/store.ts'
import { anyText, defineCommand, option, type Pair, partnerOption, required, type Say, time } from './command.ts'
import { refuse } from './ending.ts'
import { findAccount, findPartner } from './find-partner.ts'
import { type Cell, readerZone, showTable } from './output.ts'

/** Maximum number of pages per search. A page reads at most 5,000 registrations, so this is 500,000. */
const MOST_PAGES = 100

const statusWords = (say: Say) => ({
  pending: say('pending', '等待中'),
  succeeded: say('succeeded', '通过'),
  failed: say('failed', '未通过'),
  unresolved: say('unresolved', '未决'),
  cancelled: say('cancelled', '已取消'),
  delivered: say('delivered', '已送达'),
  exhausted: say('exhausted', '已放弃'),
})

const rowOf = (found: FoundRegistration, partner: string, say: Say): Cell[] => {
  const { id, idcardid, status, reason, message, createdAt } = found
  const words = statusWords(say)
  const sent = message && words[message.state]
  const webhook = message && say(`${sent} (${message.attempts})`, `${sent}（${message.attempts} 次）`)
  const shown = reason === null ? words[status] : say(`${words[status]}: ${reason}`, `${words[status]}：${reason}`)
  return [id, idcardid, partner, shown, webhook, errorOf(found), createdAt]
}

/** Searches until `limit` registrations are found, no more are left, or `MOST_PAGES` pages are read. */
export const searchAll = async (
  store: Pick<Store, 'searchRegistrations'>,
  { filter, limit, before }: { filter: RegistrationFilter; limit: number; before: string | null },
): Promise<{ found: FoundRegistration[]; next: string | null }> => {
  const found: FoundRegistration[] = []
  let next = before
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await store.searchRegistrations({ filter, act: null, limit: limit - found.length, before: next })
    found.push(...answer.found)
    next = answer.next
    if (next === null || found.length >= limit) break
  }
  return { found, next }
}

/** Returns the id of the registration's partner. Ends the command if no such registration exists. */
export const findPartnerOf = async (store: Pick<Store, 'partnerOf'>, id: string): Promise<string> => {
  const partnerId = isRegistrationId(id) ? await store.partnerOf(id) : null
  return (
    partnerId ??
    refuse(
      `There is no registration ${id}; "explain SERIAL" shows the ids of a serial.`,
      `没有登记 ${id}；可用 "explain 流水号" 查看其登记 id。`,
    )
  )
}

export const group: Pair = ['find registrations of all partners', '查找所有合作方的登记']

export const commands = [
  defineCommand({
    path: 'registration list',
    words: ['find registrations of all partners, newest first', '查找所有合作方的登记（按时间倒序）'],
    options: {
      partner: partnerOption(['of this partner, by its name or id', '只看该合作方（名称或 id）']),
      serial: option('SERIAL', ['of this serial', '只看该流水号'], anyText),
      status: option('STATUS', ['with this status', '只看该状态'], enumOf(REGISTRATION_STATUSES)),
      delivery: option('STATE', ['whose webhook is in this state', '只看回调处于该状态的'], enumOf(MESSAGE_STATES)),
      reasonEnded: option('REASON', ['unresolved for this reason', '只看因该原因未决的'], enumOf(REASONS)),
      host: option('HOST', ['with this callback host', '只看该回调主机'], anyText),
      account: option(
        'ACCOUNT',
        ['polled with this account, APIID or id', '只看用该账户（APIID 或 id）查询的'],
        anyText,
      ),
      since: option(
        'TIME',
        [
          'created then or later: 10:00, 2026-11-27, "2026-11-27 10:00" (local time), or how long ago: 24h',
          '登记时间不早于：10:00、2026-11-27、"2026-11-27 10:00"（本地时间）或距今时长，如 24h',
        ],
        time,
      ),
      until: option('TIME', ['created then or earlier', '登记时间不晚于此时'], time),
      limit: required(option('NUMBER', ['maximum number', '最多显示条数'], wholeNumber({ min: 1, max: 1_000 })), 50),
      cursor: option('CURSOR', ['continue after the previous list', '从上一页之后继续'], {
        must: {
          en: 'must be the id of a registration, as returned by the previous list',
          zh: '须为登记 id，取自上一页列表',
        },
        parse: text => (isRegistrationId(text) ? text : null),
      }),
    },
    example: 'registration list --status pending --since 24h --limit 20',
    onStore: async (store, { say, lang, limit, cursor, ...wanted }) => {
      const account = wanted.account === null ? null : await findAccount(store, wanted.account)
      const partnerId = wanted.partner && (await findPartner(store, wanted.partner)).id
      const here = { now: store.now(), zone: readerZone(lang) }
      const filter: RegistrationFilter = {
        ...ALL_REGISTRATIONS,
        partnerId,
        idcardid: wanted.serial,
        status: wanted.status,
        delivery: wanted.delivery,
        reason: wanted.reasonEnded,
        host: wanted.host,
        accountId: account?.id ?? null,
        since: wanted.since?.(here) ?? null,
        until: wanted.until?.(here) ?? null,
      }
      const { found, next } = await searchAll(store, { filter, limit, before: cursor })
      const named = await withPartnerNames(store, found)
      const data = named.map(one => viewFound(one, 'admin'))
      const head = say(
        'id|serial|partner|status|webhook|last error|created',
        'id|流水号|合作方|状态|回调|最近错误|创建时间',
      )
      const rows = named.map(one => rowOf(one, showPartner(one), say))
      const text = showTable(head.split('|'), rows, lang)
      const more = next === null ? '' : say(`\nThere may be more: --cursor ${next}`, `\n可能还有更多：--cursor ${next}`)
      return { data: { data, nextCursor: next }, text: `${text}${more}` }
    },
  }),
]
