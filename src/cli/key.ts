import { createIds, random } from '../app/clock-and-ids.ts'
import { createApiKey } from '../core/api-key.ts'
import { viewKey } from '../http/admin/partners.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import { findPartner } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { listJson, showTable } from './frame/output.ts'

const TEXTS = {
  en: {
    created: (id: string, partner: string) => `Created ${id} of ${partner}. It is shown this once; keep it.`,
    head: ['id', 'created', 'last used', 'revoked'],
    revoked: (id: string) => `Revoked ${id}. It stops within two seconds.`,
    noKey: (id: string) => `There is no key ${id}; "key list PARTNER" shows them.`,
  },
  zh: {
    created: (id: string, partner: string) => `已为 ${partner} 新建 ${id}。密钥仅显示这一次，请妥善保存。`,
    head: ['id', '创建时间', '最近使用', '已吊销'],
    revoked: (id: string) => `已吊销 ${id}，两秒内失效。`,
    noKey: (id: string) => `没有密钥 ${id}；可用 "key list PARTNER" 查看。`,
  },
}

export const createKey = ({ partner: typed, json, lang, reason }: Common & { partner: string }): Promise<void> =>
  withStore(lang, async store => {
    const partner = await findPartner(store, typed, lang)
    const { id, text, hash } = createApiKey(createIds()('key'), random)
    const act = { act: 'key.create', object: id, reason, after: { partnerId: partner.id } }
    await audited(store, act, () => store.createKey(partner.id, { id, hash }))
    if (json) return print(JSON.stringify({ id, partnerId: partner.id, apiKey: text }))
    print(`${TEXTS[lang].created(id, partner.name)}\n\n  apiKey  ${text}`)
  })

export const listKeys = ({ partner, json, lang }: Common & { partner: string }): Promise<void> =>
  withStore(lang, async store => {
    const keys = (await store.listKeys((await findPartner(store, partner, lang)).id)) ?? []
    if (json) return print(listJson(keys.map(viewKey)))
    const rows = keys.map(one => [one.id, one.createdAt, one.lastUsedAt, one.revokedAt !== null])
    print(showTable(TEXTS[lang].head, rows, lang))
  })

export const revokeKey = ({ keyId, json, lang, reason }: Common & { keyId: string }): Promise<void> =>
  withStore(lang, async store => {
    const act = { act: 'key.revoke', object: keyId, reason }
    const key = (await audited(store, act, () => store.revokeKey(keyId))) ?? refuse(TEXTS[lang].noKey(keyId))
    print(json ? JSON.stringify({ id: key.id, revoked: true }) : TEXTS[lang].revoked(key.id))
  })
