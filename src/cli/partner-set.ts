import { viewPartner } from '../http/admin/partners.ts'
import type { Partner } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import { findPartner } from './find-partner.ts'
import type { Common } from './frame/command.ts'

type Limit = number | 'none' | null

interface Input extends Common {
  partner: string
  name: string | null
  payload: 'full' | 'thin' | null
  maxPending: Limit
  maxHosts: Limit
  daily: Limit
}

const TEXTS = {
  en: {
    nothing: 'Name what is to be changed: --name, --payload, --max-pending, --max-hosts or --daily',
    now: ({ name, payload, quotas }: Partner, limit: (value: number | null) => string) => [
      `${name} is now:`,
      `  payload       ${payload}`,
      `  max pending   ${limit(quotas.pending)}`,
      `  max hosts     ${limit(quotas.hosts)}`,
      `  daily         ${limit(quotas.daily)}`,
    ],
    unlimited: 'no limit',
  },
  zh: {
    nothing: '请指定要修改的项：--name、--payload、--max-pending、--max-hosts 或 --daily',
    now: ({ name, payload, quotas }: Partner, limit: (value: number | null) => string) => [
      `${name} 现为：`,
      `  回调内容        ${payload}`,
      `  等待结果上限    ${limit(quotas.pending)}`,
      `  回调主机上限    ${limit(quotas.hosts)}`,
      `  每日新登记上限  ${limit(quotas.daily)}`,
    ],
    unlimited: '不限',
  },
}

/** Undefined: it stays as it is. */
const quotaOf = (limit: Limit): number | null | undefined => (limit === 'none' ? null : (limit ?? undefined))

export const setPartner = ({ partner: typed, name, payload, json, lang, reason, ...limits }: Input): Promise<void> => {
  const texts = TEXTS[lang]
  const { maxPending, maxHosts, daily } = limits
  if ([name, payload, maxPending, maxHosts, daily].every(value => value === null)) refuse(texts.nothing)
  const change = {
    name: name ?? undefined,
    payload: payload ?? undefined,
    quotas: { pending: quotaOf(maxPending), hosts: quotaOf(maxHosts), daily: quotaOf(daily) },
  }
  return withStore(lang, async store => {
    const before = await findPartner(store, typed, lang)
    const act = { act: 'partner.change', object: before.id, reason, before: viewPartner(before), after: change }
    const partner = (await audited(store, act, () => store.changePartner(before.id, change))) ?? before
    if (json) return print(JSON.stringify(viewPartner(partner)))
    print(texts.now(partner, limit => (limit === null ? texts.unlimited : String(limit))).join('\n'))
  })
}
