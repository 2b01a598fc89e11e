import { createIds, random } from '../app/clock-and-ids.ts'
import { createApiKey } from '../core/api-key.ts'
import { viewKey } from '../http/admin/partners.ts'
import { argument, defineCommand, type Pair, partnerArgument } from './command.ts'
import { refuse } from './ending.ts'
import { findPartner } from './find-partner.ts'
import { answerList } from './output.ts'

export const group: Pair = ["create, list and revoke a partner's API keys", '新建、列出、吊销合作方的 API 密钥']

export const commands = [
  defineCommand({
    path: 'key create',
    words: ['create a further API key; it is shown this once', '为合作方新增 API 密钥；仅显示这一次'],
    args: { partner: partnerArgument },
    changes: true,
    example: 'key create partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (store, { partner: typed, say, audited }) => {
      const partner = await findPartner(store, typed)
      const { id, text: apiKey, hash } = createApiKey(createIds()('key'), random)
      const act = { act: 'key.create' as const, object: id, after: { partnerId: partner.id } }
      await audited(act, () => store.createKey(partner.id, { id, hash }))
      const created = say(
        `Created ${id} of ${partner.name}. It is shown only once; save it.`,
        `已为 ${partner.name} 新建 ${id}。密钥仅显示这一次，请妥善保存。`,
      )
      return { data: { id, partnerId: partner.id, apiKey }, text: `${created}\n\n  apiKey  ${apiKey}` }
    },
  }),
  defineCommand({
    path: 'key list',
    words: ["list a partner's API keys", '列出合作方的 API 密钥'],
    args: { partner: partnerArgument },
    example: 'key list partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (store, { partner, say, lang }) => {
      const keys = (await store.listKeys((await findPartner(store, partner)).id)) ?? []
      const head = say('id|created|last used|revoked', 'id|创建时间|最近使用|已吊销')
      const rows = keys.map(one => [one.id, one.createdAt, one.lastUsedAt, one.revokedAt !== null])
      return answerList(keys.map(viewKey), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'key revoke',
    words: ['revoke an API key; it stops within two seconds', '吊销 API 密钥；两秒内失效'],
    args: { keyId: argument('KEY_ID', ['its id, which "key list" shows', '密钥 id，见 "key list"']) },
    changes: true,
    example: 'key revoke key_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (store, { keyId, say, audited }) => {
      const key = await audited({ act: 'key.revoke', object: keyId }, () => store.revokeKey(keyId))
      if (!key)
        return refuse(
          `There is no key ${keyId}; "key list PARTNER" shows all.`,
          `没有密钥 ${keyId}；可用 "key list PARTNER" 查看。`,
        )
      const text = say(`Revoked ${key.id}. It stops within two seconds.`, `已吊销 ${key.id}，两秒内失效。`)
      return { data: { id: key.id, revoked: true }, text }
    },
  }),
]
