import type { Language } from '../core/language.ts'
import type { MessageState } from '../core/message.ts'
import type { RegistrationStatus } from '../core/registration.ts'
import type { Reason } from '../core/verification.ts'
import { viewFound } from '../http/admin/registration-view.ts'
import { viewAttempt } from '../http/partner/registration-answer.ts'
import { ALL_REGISTRATIONS, type FoundRegistration, type RegistrationFilter } from '../store/registration-search.ts'
import { hostOf } from '../store/rules/lane.ts'
import { errorOf } from '../store/rules/registration-search.ts'
import type { Attempt, Store } from '../store/store.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import type { TimeOption } from './frame/options.ts'
import { listJson, showTable, showTime, zoneName } from './frame/output.ts'
import { refuseNoPartner } from './partner.ts'

/** A page of a search looks at 10,000 registrations at most, so this many look at 500,000. */
const MOST_PAGES = 50

interface RegistrationTexts {
  head: (zone: string) => string[]
  more: (cursor: string) => string
  attemptsHead: (zone: string) => string[]
  noRegistration: (id: string) => string
  noAccount: (account: string) => string
  badCursor: string
}

const en: RegistrationTexts = {
  head: zone => ['id', 'serial', 'partner', 'status', 'webhook', 'last error', 'host', `created (${zone})`],
  more: cursor => `There may be more: --cursor ${cursor}`,
  attemptsHead: zone => [`at (${zone})`, 'outcome', 'HTTP', 'error', 'ms'],
  noRegistration: id => `There is no registration ${id}; "registration list" shows the newest.`,
  noAccount: account => `There is no account ${account}; "account list" shows them.`,
  badCursor: '--cursor must be the id of a registration, as the list before it gave it',
}

const zh: RegistrationTexts = {
  head: zone => ['id', '流水号', '合作方', '状态', '回调', '最近错误', '主机', `创建时间（${zone}）`],
  more: cursor => `可能还有更多：--cursor ${cursor}`,
  attemptsHead: zone => [`时间（${zone}）`, '结果', 'HTTP', '错误', '毫秒'],
  noRegistration: id => `没有登记 ${id}；可用 "registration list" 查看最近的登记。`,
  noAccount: account => `没有账户 ${account}；可用 "account list" 查看。`,
  badCursor: '--cursor 须为登记 id，取自上一页列表',
}

const TEXTS: Readonly<Record<Language, RegistrationTexts>> = { en, zh }

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
  since: TimeOption | null
  until: TimeOption | null
  limit: number
  cursor: string | null
}

/** Over all partners, newest first; all that was found by then, where it takes too many looks. */
export const listRegistrations = ({ json, lang, limit, cursor, ...wanted }: ListInput): Promise<void> => {
  const texts = TEXTS[lang]
  if (cursor !== null && !isRegistrationId(cursor)) refuse(texts.badCursor)
  return withStore(lang, async store => {
    const account = wanted.account === null ? null : await store.findAccount(wanted.account)
    if (wanted.account !== null && account === null) refuse(texts.noAccount(wanted.account))
    if (wanted.partner !== null && !(await store.findPartner(wanted.partner))) refuseNoPartner(wanted.partner, lang)
    const now = store.now()
    const filter: RegistrationFilter = {
      ...ALL_REGISTRATIONS,
      partnerId: wanted.partner,
      idcardid: wanted.serial,
      status: wanted.status,
      delivery: wanted.delivery,
      reason: wanted.reasonEnded,
      host: wanted.host,
      accountId: account?.id ?? null,
      since: wanted.since?.(now) ?? null,
      until: wanted.until?.(now) ?? null,
    }
    const { found, next } = await searchAll(store, { filter, limit, before: cursor })
    if (json)
      return print(
        listJson(
          found.map(one => viewFound(one, 'admin')),
          next,
        ),
      )
    print(
      showTable(
        texts.head(zoneName(lang)),
        found.map(one => rowOf(one, lang)),
        lang,
      ),
    )
    if (next !== null) print(texts.more(next))
  })
}

const rowOf = (found: FoundRegistration, lang: Language): string[] => {
  const { id, idcardid, partnerId, status, reason, message, callbackUrl, createdAt } = found
  return [
    ...[id, idcardid, partnerId, reason === null ? status : `${status}: ${reason}`],
    message === null ? '-' : `${message.state} (${message.attempts})`,
    errorOf(found) ?? '-',
    hostOf(callbackUrl),
    showTime(createdAt, lang),
  ]
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
      ...[showTime(at, lang), outcome, String(httpStatus ?? '-'), error ?? '-'],
      String(Math.round(durationMs)),
    ])
    print(showTable(texts.attemptsHead(zoneName(lang)), rows, lang))
  })
