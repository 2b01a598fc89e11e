import type { Language } from '../core/language.ts'
import type { MessageState } from '../core/message.ts'
import type { TypedTime } from '../core/read-time.ts'
import type { RegistrationStatus } from '../core/registration.ts'
import type { Reason } from '../core/verification.ts'
import { viewFound } from '../http/admin/registration-view.ts'
import { viewAttempt } from '../http/partner/registration-answer.ts'
import { ALL_REGISTRATIONS, type FoundRegistration, type RegistrationFilter } from '../store/registration-search.ts'
import { errorOf } from '../store/rules/registration-search.ts'
import type { Attempt, Store } from '../store/store.ts'
import { print, refuse, withStore } from './environment.ts'
import { findAccount, findPartner, partnerNames } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { type Cell, listJson, readerZone, showTable } from './frame/output.ts'

/** A page of a search looks at 10,000 registrations at most, so this many look at 500,000. */
const MOST_PAGES = 50

const TEXTS = {
  en: {
    statuses: {
      pending: 'pending',
      succeeded: 'succeeded',
      failed: 'failed',
      unresolved: 'unresolved',
      cancelled: 'cancelled',
      delivered: 'delivered',
      exhausted: 'exhausted',
    },
    head: ['id', 'serial', 'partner', 'status', 'webhook', 'last error', 'created'],
    more: (cursor: string) => `There may be more: --cursor ${cursor}`,
    attemptsHead: ['at', 'outcome', 'HTTP', 'error', 'ms'],
    outcomes: { delivered: 'delivered', rejected: 'rejected', gone: 'gone', failed: 'failed' },
    noRegistration: (id: string) => `There is no registration ${id}; "explain SERIAL" shows the ids of a serial.`,
    badCursor: '--cursor must be the id of a registration, as the list before it gave it',
  },
  zh: {
    statuses: {
      pending: '等待中',
      succeeded: '通过',
      failed: '未通过',
      unresolved: '无结果',
      cancelled: '已取消',
      delivered: '已送达',
      exhausted: '已放弃',
    },
    head: ['id', '流水号', '合作方', '状态', '回调', '最近错误', '创建时间'],
    more: (cursor: string) => `可能还有更多：--cursor ${cursor}`,
    attemptsHead: ['时间', '结果', 'HTTP', '错误', '毫秒'],
    outcomes: { delivered: '已送达', rejected: '被拒绝', gone: '已失效', failed: '失败' },
    noRegistration: (id: string) => `没有登记 ${id}；可用 "explain 流水号" 查看其登记 id。`,
    badCursor: '--cursor 须为登记 id，取自上一页列表',
  },
}

const ID = /^reg_[0-9A-HJKMNP-TV-Z]{26}$/

export const isRegistrationId = (text: string): boolean => ID.test(text)

interface ListInput extends Common {
  partner: string | null
  serial: string | null
  status: RegistrationStatus | null
  delivery: MessageState | null
  reasonEnded: Reason | null
  host: string | null
  account: string | null
  since: TypedTime | null
  until: TypedTime | null
  limit: number
  cursor: string | null
}

/** Over all partners, newest first; all that was found by then, where it takes too many looks. */
export const listRegistrations = ({ json, lang, limit, cursor, ...wanted }: ListInput): Promise<void> => {
  const texts = TEXTS[lang]
  if (cursor !== null && !isRegistrationId(cursor)) refuse(texts.badCursor)
  return withStore(lang, async store => {
    const account = wanted.account === null ? null : await findAccount(store, wanted.account, lang)
    const partnerId = wanted.partner && (await findPartner(store, wanted.partner, lang)).id
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
    if (json)
      return print(
        listJson(
          found.map(one => viewFound(one, 'admin')),
          next,
        ),
      )
    const named = await partnerNames(store, found)
    const rows = found.map(one => rowOf(one, named(one.partnerId), lang))
    print(showTable(texts.head, rows, lang))
    if (next !== null) print(texts.more(next))
  })
}

const rowOf = (found: FoundRegistration, partner: string, lang: Language): Cell[] => {
  const { id, idcardid, status, reason, message, createdAt } = found
  const { statuses } = TEXTS[lang]
  const webhook = message && `${statuses[message.state]} (${message.attempts})`
  const shown = reason === null ? statuses[status] : `${statuses[status]}: ${reason}`
  return [id, idcardid, partner, shown, webhook, errorOf(found), createdAt]
}

/** Goes on until there are `limit`, or no more, or it has looked at very many. */
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

/** Ends the process where there is no such registration. */
export const findPartnerOf = async (store: Pick<Store, 'partnerOf'>, id: string, lang: Language): Promise<string> => {
  const partnerId = isRegistrationId(id) ? await store.partnerOf(id) : null
  return partnerId ?? refuse(TEXTS[lang].noRegistration(id))
}

export const listAttempts = ({ id, json, lang }: Common & { id: string }): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const partnerId = await findPartnerOf(store, id, lang)
    const attempts: Attempt[] = (await store.listAttempts(partnerId, id)) ?? []
    if (json) return print(listJson(attempts.map(attempt => viewAttempt(attempt, lang))))
    const rows = attempts.map(({ at, outcome, httpStatus, error, durationMs }) => [
      ...[at, texts.outcomes[outcome], httpStatus && String(httpStatus), error, String(Math.round(durationMs))],
    ])
    print(showTable(texts.attemptsHead, rows, lang))
  })
