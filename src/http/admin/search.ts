import { z } from 'zod'
import { ATTEMPT_ERRORS } from '../../core/message.ts'
import { SERIAL, SERIAL_FORM } from '../../core/registration-input.ts'
import { REASONS } from '../../core/verification.ts'
import type { Account } from '../../store/accounts/rows.ts'
import { ALL_REGISTRATIONS, type RegistrationFilter } from '../../store/registrations/filter.ts'
import type { Store } from '../../store/store.ts'
import { choiceField, SEARCHED_BY, textField } from '../json/fields.ts'
import { readTimes, timed } from '../json/times.ts'
import { invalid, packWords } from '../json/validate.ts'
import { pageCost, type Rates } from '../rates.ts'

const PARTNER = packWords({ en: 'must be the id of a partner', zh: '必须是某个合作方的 id' })
export const PARTNER_ID = textField(/^\w{1,64}$/, PARTNER)
const ACCOUNT = packWords({ en: 'must be the id of an account, or its APIID', zh: '必须是某个账户的 id 或 APIID' })
const ERROR = packWords({
  en: `must be an error as attempts show it: ${ATTEMPT_ERRORS.join(', ')}, or http_ with a status, such as http_503`,
  zh: `必须是投递记录中的错误：${ATTEMPT_ERRORS.join('、')}，或 http_ 加状态码，例如 http_503`,
})
const ERROR_FORM = new RegExp(`^(${ATTEMPT_ERRORS.join('|')}|http_[1-5]\\d\\d)( \\w{1,64})?$`)
/** Search parameters of registrations; they are also the filter of a bulk act. */
export const FILTER = {
  partner: PARTNER_ID.optional().describe('The id of the partner.'),
  serial: z.string().regex(SERIAL, packWords(SERIAL_FORM)).optional().describe('Only registrations of this serial.'),
  account: textField(/^[\x21-\x7e]{1,128}$/, ACCOUNT)
    .optional()
    .describe('The id of the account, or its APIID.'),
  ...SEARCHED_BY,
  reason: choiceField(REASONS).describe('Why it is `unresolved`.'),
  error: textField(ERROR_FORM, ERROR)
    .optional()
    .describe('Why the last attempt failed, of a webhook that has not arrived.'),
  messageSince: timed('Whose webhook was created then or later.').optional(),
  messageUntil: timed('Whose webhook was created then or earlier.').optional(),
}
export const FILTER_QUERY = z.strictObject(FILTER)
export type Filter = z.output<typeof FILTER_QUERY>

export const NO_PARTNER = { en: 'must be the id of an existing partner', zh: '必须是已有合作方的 id' }
const NO_ACCOUNT = {
  en: 'must be the id or the APIID of an existing account',
  zh: '必须是已有账户的 id 或 APIID',
}

/** Throws the problem that names an unknown partner or account, which would otherwise look like an empty result. */
export const readFilter = async (
  { partner, serial, account, status, reason, delivery, host, error, ...times }: Filter,
  { store, now, source }: { store: Pick<Store, 'findAccount' | 'findPartner'>; now: number; source: 'query' | 'body' },
): Promise<RegistrationFilter> => {
  const fieldOf = (name: string): string => (source === 'query' ? name : `filter.${name}`)
  if (partner !== undefined && !(await store.findPartner(partner)))
    throw invalid(source, [{ path: fieldOf('partner'), message: NO_PARTNER }])
  const known: Account | null = account === undefined ? null : await store.findAccount(account)
  if (account !== undefined && !known) throw invalid(source, [{ path: fieldOf('account'), message: NO_ACCOUNT }])
  return {
    ...ALL_REGISTRATIONS,
    partnerId: partner ?? null,
    idcardid: serial ?? null,
    accountId: known?.id ?? null,
    status: status ?? null,
    reason: reason ?? null,
    delivery: delivery ?? null,
    host: host?.toLowerCase() ?? null,
    error: error ?? null,
    ...readTimes(times, { now, source, within: fieldOf('') }),
  }
}

/** Searches, then charges the operator for the rows that were scanned: until that is paid, the next search is refused. */
export const charged = async <T extends { scanned: number }>(
  rates: Rates,
  who: string,
  search: () => Promise<T>,
): Promise<T> => {
  rates.take('items', who)
  const found = await search()
  rates.give('items', who, 1 - pageCost(0, found.scanned))
  return found
}
