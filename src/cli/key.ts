import type { Parser } from '../config/parsers.ts'
import { viewKey } from '../http/partner/keys.ts'
import { anyText, argument, defineCommand, partnerArgument } from './command.ts'
import { findPartner } from './find-partner.ts'
import { answerList } from './output.ts'

const KEY = { en: 'its id, which "key list" shows, or the key itself', zh: '密钥 id（见 "key list"），或密钥本身' }
/** Of a key, even if it is cut off, keeps only the id: the rest is secret, and is not repeated. */
const idOfKey: Parser<string> = {
  ...anyText,
  parse: text => anyText.parse(text)?.replace(/^ifn_([0-9A-HJKMNP-TV-Z]{26})(_.*)?$/s, 'key_$1') ?? null,
}

export const group = {
  en: "create, list and revoke a partner's API keys",
  zh: '新建、列出、吊销合作方的 API 密钥',
}

export const commands = [
  defineCommand({
    path: 'key create',
    words: { en: 'create a further API key; it is shown this once', zh: '为合作方新增 API 密钥；仅显示这一次' },
    args: { partner: partnerArgument },
    changes: true,
    example: 'key create partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (store, { partner: typed, say, call }) => {
      const partner = await findPartner(store, typed)
      const key = await call('POST /v1/admin/partners/:id/keys', { id: partner.id })
      const text = say({
        en: `Created ${key.id} of ${partner.name}. It is shown only once; save it.`,
        zh: `已为 ${partner.name} 新建 ${key.id}。密钥仅显示这一次，请妥善保存。`,
      })
      return { data: key, text: `${text}\n\n  apiKey  ${key.apiKey}` }
    },
  }),
  defineCommand({
    path: 'key list',
    words: { en: "list a partner's API keys", zh: '列出合作方的 API 密钥' },
    args: { partner: partnerArgument },
    example: 'key list partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (store, { partner, say, lang }) => {
      const keys = (await store.listKeys((await findPartner(store, partner)).id)) ?? []
      const head = say({ en: 'id|created|last used|revoked', zh: 'id|创建时间|最近使用|已吊销' })
      const rows = keys.map(one => [one.id, one.createdAt, one.lastUsedAt, one.revokedAt !== null])
      return answerList(keys.map(viewKey), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'key revoke',
    words: { en: 'revoke an API key; it stops within two seconds', zh: '吊销 API 密钥；两秒内失效' },
    args: { keyId: argument('KEY_ID', KEY, idOfKey) },
    changes: true,
    example: 'key revoke key_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (_store, { keyId: id, say, call }) => {
      await call('DELETE /v1/admin/keys/:id', { id })
      const text = say({ en: `Revoked ${id}. It stops within two seconds.`, zh: `已吊销 ${id}，两秒内失效。` })
      return { data: { id, revoked: true }, text }
    },
  }),
]
