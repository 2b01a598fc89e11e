import { callbackPolicy } from '../app/callback-policy.ts'
import { judgeUrl } from '../core/callback-url.ts'
import { callbackFacts, viewCallback } from '../http/admin/callbacks.ts'
import type { CallbackTrouble } from '../store/callbacks.ts'
import type { Store } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import { findPartner, partnerNames } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { listJson, showTable } from './frame/output.ts'

const PAGE = 250

const TEXTS = {
  en: {
    head: ['partner', 'URL', 'state', 'since', 'last error', 'held'],
    states: { failing: 'failing', disabled: 'disabled', gone: '410 (gone)' },
    disabled: (url: string) => `${url} is disabled: its webhooks are held until "callback enable".`,
    heldAlready: (url: string) => `${url} is disabled by an operator already.`,
    enabled: (url: string) => `${url} is enabled: what was held goes out within a second.`,
    nothingHeld: (url: string) => `${url} is enabled: its failures are forgotten. It was not on hold.`,
    works: (url: string, partner: string) =>
      `${partner} has no callback URL ${url} that fails or is on hold; "callback list --partner ${partner}" shows those that do.`,
  },
  zh: {
    head: ['合作方', '地址', '状态', '起始时间', '最近错误', '暂停条数'],
    states: { failing: '投递失败', disabled: '已停用', gone: '410（已失效）' },
    disabled: (url: string) => `已停用 ${url}：其回调暂停投递，直到 "callback enable"。`,
    heldAlready: (url: string) => `${url} 已由运维人员停用。`,
    enabled: (url: string) => `已启用 ${url}：暂停的消息将在一秒内开始投递。`,
    nothingHeld: (url: string) => `已启用 ${url}：失败记录已清除。此前并未暂停。`,
    works: (url: string, partner: string) =>
      `合作方 ${partner} 没有投递失败或已暂停的地址 ${url}；可用 "callback list --partner ${partner}" 查看。`,
  },
}

export const listCallbacks = ({ partner, json, lang }: Common & { partner: string | null }): Promise<void> =>
  withStore(lang, async store => {
    const troubles = await allCallbacks(store, partner && (await findPartner(store, partner, lang)).id)
    if (json) return print(listJson(troubles.map(viewCallback)))
    const { head, states } = TEXTS[lang]
    const named = await partnerNames(store, troubles)
    const rows = troubles.map(({ partnerId, callbackUrl, state, since, lastError, held }) => [
      ...[named(partnerId), callbackUrl, states[state], since, lastError, String(held)],
    ])
    print(showTable(head, rows, lang))
  })

type UrlInput = Common & { callbackUrl: string; partner: string }

export const enableCallback = ({ partner, callbackUrl, json, lang, reason }: UrlInput): Promise<void> =>
  withStore(lang, async store => {
    const { id: partnerId, name } = await findPartner(store, partner, lang)
    const troubles = await allCallbacks(store, partnerId)
    if (!troubles.some(one => one.callbackUrl === callbackUrl)) refuse(TEXTS[lang].works(callbackUrl, name))
    const after = callbackFacts(callbackUrl, false)
    const released = await audited(store, { act: 'callback.enable', object: partnerId, reason, after }, () =>
      store.enableCallback({ partnerId, callbackUrl }, 'operator'),
    )
    if (json) return print(JSON.stringify({ released }))
    print(released ? TEXTS[lang].enabled(callbackUrl) : TEXTS[lang].nothingHeld(callbackUrl))
  })

/** Reads the URL as registering does, so it is as it is stored. */
export const disableCallback = ({ partner, callbackUrl: typed, json, lang, reason }: UrlInput): Promise<void> =>
  withStore(lang, async (store, config) => {
    const texts = TEXTS[lang]
    const verdict = judgeUrl(typed, callbackPolicy(config.callback))
    if (!verdict.ok) return refuse(`URL ${verdict.message[lang]}`)
    const callbackUrl = verdict.url.href
    const { id: partnerId } = await findPartner(store, partner, lang)
    const after = callbackFacts(callbackUrl, true)
    const disabled = await audited(store, { act: 'callback.disable', object: partnerId, reason, after }, () =>
      store.disableCallback({ partnerId, callbackUrl }),
    )
    if (json) return print(JSON.stringify({ disabled }))
    print(disabled ? texts.disabled(callbackUrl) : texts.heldAlready(callbackUrl))
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
