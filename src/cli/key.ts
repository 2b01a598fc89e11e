import { createIds, random } from '../app/clock-and-ids.ts'
import { createApiKey } from '../core/api-key.ts'
import type { Language } from '../core/language.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { iso, listJson, showTable, showTime, zoneName } from './frame/output.ts'
import { refuseNoPartner } from './partner.ts'

interface KeyTexts {
  created: (id: string) => string
  head: (zone: string) => string[]
  yes: string
  no: string
  revoked: (id: string) => string
  noKey: (id: string) => string
}

const en: KeyTexts = {
  created: id => `Created ${id}. It is shown this once; keep it.`,
  head: zone => ['id', `created (${zone})`, `last used (${zone})`, 'revoked'],
  yes: 'yes',
  no: 'no',
  revoked: id => `Revoked ${id}. It stops within two seconds.`,
  noKey: id => `There is no key ${id}; "key list PARTNER_ID" shows them.`,
}

const zh: KeyTexts = {
  created: id => `已新建 ${id}。密钥仅显示这一次，请妥善保存。`,
  head: zone => ['id', `创建时间（${zone}）`, `最近使用（${zone}）`, '已吊销'],
  yes: '是',
  no: '否',
  revoked: id => `已吊销 ${id}，两秒内失效。`,
  noKey: id => `没有密钥 ${id}；可用 "key list PARTNER_ID" 查看。`,
}

const TEXTS: Readonly<Record<Language, KeyTexts>> = { en, zh }

export const createKey = ({ partnerId, json, lang, reason }: Common & { partnerId: string }): Promise<void> =>
  withStore(lang, async store => {
    const { id, text, hash } = createApiKey(createIds()('key'), random)
    const created = await audited(store, { act: 'key.create', object: id, reason }, () =>
      store.createKey(partnerId, { id, hash }),
    )
    const key = created ?? refuseNoPartner(partnerId, lang)
    if (json) return print(JSON.stringify({ id: key.id, partnerId, apiKey: text }))
    print(`${TEXTS[lang].created(key.id)}\n\n  apiKey  ${text}`)
  })

export const listKeys = ({ partnerId, json, lang }: Common & { partnerId: string }): Promise<void> =>
  withStore(lang, async store => {
    const keys = (await store.listKeys(partnerId)) ?? refuseNoPartner(partnerId, lang)
    const data = keys.map(({ id, createdAt, lastUsedAt, revokedAt }) => ({
      id,
      createdAt: iso(createdAt),
      lastUsedAt: iso(lastUsedAt),
      revoked: revokedAt !== null,
    }))
    if (json) return print(listJson(data))
    const { head, yes, no } = TEXTS[lang]
    const rows = keys.map(({ id, createdAt, lastUsedAt, revokedAt }) => [
      id,
      showTime(createdAt, lang),
      showTime(lastUsedAt, lang),
      revokedAt === null ? no : yes,
    ])
    print(showTable(head(zoneName(lang)), rows, lang))
  })

export const revokeKey = ({ keyId, json, lang, reason }: Common & { keyId: string }): Promise<void> =>
  withStore(lang, async store => {
    const act = { act: 'key.revoke', object: keyId, reason }
    const key = (await audited(store, act, () => store.revokeKey(keyId))) ?? refuse(TEXTS[lang].noKey(keyId))
    print(json ? JSON.stringify({ id: key.id, revoked: true }) : TEXTS[lang].revoked(key.id))
  })
