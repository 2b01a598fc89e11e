import { enumOf } from '../config/parsers.ts'
import { viewSecret } from '../http/partner/signing-secrets.ts'
import { anyText, argument, defineCommand, option, partnerArgument, required } from './command.ts'
import { findPartner } from './find-partner.ts'
import { answerList, formatTime } from './output.ts'

export const group = {
  en: "list, rotate and end a partner's signing secrets",
  zh: '列出、更换、停用合作方的签名密钥',
}

export const commands = [
  defineCommand({
    path: 'secret list',
    words: {
      en: 'list what signs the webhooks of a partner, the newest first',
      zh: '列出合作方的有效签名密钥（按时间倒序）',
    },
    args: { partner: partnerArgument },
    example: 'secret list "Spruce Ltd"',
    onStore: async (store, { partner, say, lang }) => {
      const secrets = await store.listSigningSecrets((await findPartner(store, partner)).id)
      const rows = secrets.map(({ id, type, createdAt, expiresAt }) => [id, type, createdAt, expiresAt])
      const head = say({ en: 'id|type|created|ends', zh: 'id|类型|创建时间|失效时间' })
      return answerList(secrets.map(viewSecret), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'secret rotate',
    words: {
      en: 'create a signing secret, which is shown only once; the present ones keep signing for a while',
      zh: '更换签名密钥；新密钥仅显示这一次，现有密钥继续有效一段时间',
    },
    args: { partner: partnerArgument },
    options: {
      overlap: option('DURATION', anyText, {
        en: 'how long the present ones sign on; 24h, if it is not given',
        zh: '现有密钥继续有效的时长；默认 24h',
      }),
      type: required(
        option('TYPE', enumOf(['v1', 'v1a']), {
          en: 'v1 is HMAC-SHA256, v1a ed25519',
          zh: 'v1 为 HMAC-SHA256，v1a 为 ed25519',
        }),
        'v1',
      ),
    },
    changes: true,
    example: 'secret rotate "Spruce Ltd" --overlap 48h',
    onStore: async (store, { partner: typed, overlap, type, say, lang, call }) => {
      const { id: partnerId, name } = await findPartner(store, typed)
      const body = { overlap, type }
      const rotated = await call('POST /v1/admin/partners/:id/signing-secrets/rotate', { id: partnerId, body })
      const { id, secret, previousExpiresAt } = rotated
      const until = formatTime(previousExpiresAt === null ? store.now() : Date.parse(previousExpiresAt), lang)
      const text = say({
        en: `Created ${id} of ${name}; it signs from now on, and is shown only once. Hand it over safely. The earlier ones end at ${until} at the latest.`,
        zh: `已为 ${name} 新建 ${id}，即刻起用于签名；仅显示这一次，请安全地交给对方。此前的密钥最迟于${until} 失效。`,
      })
      return { data: { partnerId, ...rotated }, text: `${text}\n\n  secret  ${secret}` }
    },
  }),
  defineCommand({
    path: 'secret end',
    words: { en: 'end an earlier signing secret before its time', zh: '提前停用旧的签名密钥' },
    args: {
      partner: partnerArgument,
      id: argument('SECRET_ID', { en: 'its id, which "secret list" shows', zh: '密钥 id，见 "secret list"' }),
    },
    changes: true,
    example: 'secret end "Spruce Ltd" secret_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (store, { partner: typed, id, say, call }) => {
      const { id: partner } = await findPartner(store, typed)
      await call('DELETE /v1/admin/signing-secrets/:id', { id, query: { partner } })
      const text = say({ en: `Ended ${id}: it signs nothing any more.`, zh: `已停用 ${id}，不再用于签名。` })
      return { data: { id, ended: true }, text }
    },
  }),
]
