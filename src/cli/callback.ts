import type { Language } from '../core/language.ts'
import { viewCallback } from '../http/admin/callbacks.ts'
import type { CallbackTrouble } from '../store/callbacks.ts'
import type { Store } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { listJson, showTable, showTime } from './frame/output.ts'
import { refuseNoPartner } from './partner.ts'

const PAGE = 250

interface CallbackTexts {
  head: string[]
  states: Readonly<Record<CallbackTrouble['state'], string>>
  enabled: (url: string) => string
  nothingHeld: (url: string) => string
  works: (url: string, partner: string) => string
}

const TEXTS: Readonly<Record<Language, CallbackTexts>> = {
  en: {
    head: ['partner', 'URL', 'state', 'since', 'last error', 'held'],
    states: { failing: 'failing', disabled: 'disabled', gone: '410 (gone)' },
    enabled: url => `${url} is enabled: what was held goes out within a second, slowly at first.`,
    nothingHeld: url => `${url} is enabled: its failures are forgotten. It was not on hold.`,
    works: (url, partner) =>
      `${partner} has no callback URL ${url} that fails or is on hold; "callback list --partner ${partner}" shows those that do.`,
  },
  zh: {
    head: ['合作方', '地址', '状态', '起始时间', '最近错误', '暂停条数'],
    states: { failing: '投递失败', disabled: '已停用', gone: '410（已失效）' },
    enabled: url => `已启用 ${url}：暂停的消息将在一秒内开始投递，起初较慢。`,
    nothingHeld: url => `已启用 ${url}：失败记录已清除。此前并未暂停。`,
    works: (url, partner) =>
      `合作方 ${partner} 没有投递失败或已暂停的地址 ${url}；可用 "callback list --partner ${partner}" 查看。`,
  },
}

export const listCallbacks = ({ partner, json, lang }: Common & { partner: string | null }): Promise<void> =>
  withStore(lang, async store => {
    if (partner !== null && !(await store.findPartner(partner))) refuseNoPartner(partner, lang)
    const troubles = await allCallbacks(store, partner)
    if (json) return print(listJson(troubles.map(viewCallback)))
    const { head, states } = TEXTS[lang]
    const rows = troubles.map(({ partnerId, callbackUrl, state, since, lastError, held }) => [
      ...[partnerId, callbackUrl, states[state], showTime(since, lang), lastError ?? '-', String(held)],
    ])
    print(showTable(head, rows, lang))
  })

export const enableCallback = ({
  partnerId,
  callbackUrl,
  json,
  lang,
  reason,
}: Common & { partnerId: string; callbackUrl: string }): Promise<void> =>
  withStore(lang, async store => {
    if (!(await store.findPartner(partnerId))) refuseNoPartner(partnerId, lang)
    const troubles = await allCallbacks(store, partnerId)
    if (!troubles.some(one => one.callbackUrl === callbackUrl)) refuse(TEXTS[lang].works(callbackUrl, partnerId))
    const released = await audited(store, { act: 'callback.enable', object: partnerId, reason }, () =>
      store.enableCallback({ partnerId, callbackUrl }, 'operator'),
    )
    if (json) return print(JSON.stringify({ released }))
    print(released ? TEXTS[lang].enabled(callbackUrl) : TEXTS[lang].nothingHeld(callbackUrl))
  })

const allCallbacks = async (store: Store, partnerId: string | null): Promise<CallbackTrouble[]> => {
  const all: CallbackTrouble[] = []
  let after = null
  do {
    const { troubles, next } = await store.listCallbacks(partnerId, { after, limit: PAGE })
    all.push(...troubles)
    after = next
  } while (after !== null)
  return all
}
