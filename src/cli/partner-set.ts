import type { Language } from '../core/language.ts'
import { viewPartner } from '../http/admin/partners.ts'
import type { Partner } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { refuseNoPartner } from './partner.ts'

type Limit = number | 'none' | null

interface Input extends Common {
  id: string
  name: string | null
  payload: 'full' | 'thin' | null
  maxPending: Limit
  maxHosts: Limit
  daily: Limit
}

interface SetTexts {
  nothing: string
  /** Each line with its label. */
  now: (partner: Partner, limit: (value: number | null) => string) => string[]
  unlimited: string
}

const en: SetTexts = {
  nothing: 'Name what is to be changed: --name, --payload, --max-pending, --max-hosts or --daily',
  now: ({ name, payload, quotas }, limit) => [
    `${name} is now:`,
    `  payload       ${payload}`,
    `  max pending   ${limit(quotas.pending)}`,
    `  max hosts     ${limit(quotas.hosts)}`,
    `  daily         ${limit(quotas.daily)}`,
  ],
  unlimited: 'no limit',
}

const zh: SetTexts = {
  nothing: '请指定要修改的项：--name、--payload、--max-pending、--max-hosts 或 --daily',
  now: ({ name, payload, quotas }, limit) => [
    `${name} 现为：`,
    `  回调内容        ${payload}`,
    `  等待结果上限    ${limit(quotas.pending)}`,
    `  回调主机上限    ${limit(quotas.hosts)}`,
    `  每日新登记上限  ${limit(quotas.daily)}`,
  ],
  unlimited: '不限',
}

const TEXTS: Readonly<Record<Language, SetTexts>> = { en, zh }

/** Undefined: it stays as it is. */
const quotaOf = (limit: Limit): number | null | undefined => (limit === 'none' ? null : (limit ?? undefined))

export const setPartner = ({ id, name, payload, json, lang, reason, ...limits }: Input): Promise<void> => {
  const texts = TEXTS[lang]
  const { maxPending, maxHosts, daily } = limits
  if ([name, payload, maxPending, maxHosts, daily].every(value => value === null)) refuse(texts.nothing)
  const change = {
    name: name ?? undefined,
    payload: payload ?? undefined,
    quotas: { pending: quotaOf(maxPending), hosts: quotaOf(maxHosts), daily: quotaOf(daily) },
  }
  return withStore(lang, async store => {
    const act = { act: 'partner.change', object: id, reason }
    const partner = (await audited(store, act, () => store.changePartner(id, change))) ?? refuseNoPartner(id, lang)
    if (json) return print(JSON.stringify(viewPartner(partner)))
    print(texts.now(partner, limit => (limit === null ? texts.unlimited : String(limit))).join('\n'))
  })
}
