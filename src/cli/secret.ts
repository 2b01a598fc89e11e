import { createIds, random } from '../app/clock-and-ids.ts'
import { SECOND } from '../core/duration.ts'
import { Secret } from '../core/secret.ts'
import { generateSecret } from '../core/signature.ts'
import { viewSecret } from '../http/partner/signing-secrets.ts'
import { DEFAULT_OVERLAP_MS, MOST_LIVE_SECRETS } from '../store/signing-secret.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import { findPartner } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { formatTime, iso, listJson, showTable } from './frame/output.ts'

const TEXTS = {
  en: {
    head: ['id', 'type', 'created', 'ends'],
    rotated: (id: string, partner: string, until: string) =>
      `Created ${id} of ${partner}; it signs from now on, and is shown this once. Hand it over safely. The earlier ones end at ${until}.`,
    most: `${MOST_LIVE_SECRETS} secrets are live: end one ("secret list"), or rotate with --overlap 0s, which ends all of them.`,
    ended: (id: string) => `Ended ${id}: it signs nothing any more.`,
    none: (id: string) => `There is no live signing secret ${id}; "secret list PARTNER" shows them.`,
    newest: 'This is the newest signing secret, which signs. If it has leaked: secret rotate PARTNER --overlap 0s',
    only: 'The newer signing secrets cannot be read, so this one alone signs. Rotate first.',
  },
  zh: {
    head: ['id', '类型', '创建时间', '失效时间'],
    rotated: (id: string, partner: string, until: string) =>
      `已为 ${partner} 新建 ${id}，即刻起用于签名；仅显示这一次，请安全地交给对方。此前的密钥于${until} 失效。`,
    most: `已有 ${MOST_LIVE_SECRETS} 个签名密钥有效：请先停用一个（见 "secret list"），或以 --overlap 0s 更换，使它们全部失效。`,
    ended: (id: string) => `已停用 ${id}，不再用于签名。`,
    none: (id: string) => `没有有效的签名密钥 ${id}；可用 "secret list PARTNER" 查看。`,
    newest: '这是正在使用的最新签名密钥。如果它已泄露，请运行：secret rotate PARTNER --overlap 0s',
    only: '较新的签名密钥无法读取，目前只由这一个签名。请先更换。',
  },
}

export const listSecrets = ({ partner, json, lang }: Common & { partner: string }): Promise<void> =>
  withStore(lang, async store => {
    const secrets = await store.listSigningSecrets((await findPartner(store, partner, lang)).id)
    if (json) return print(listJson(secrets.map(viewSecret)))
    const rows = secrets.map(({ id, type, createdAt, expiresAt }) => [id, type, createdAt, expiresAt])
    print(showTable(TEXTS[lang].head, rows, lang))
  })

type RotateInput = Common & { partner: string; overlap: number | null; type: 'v1' | 'v1a' }

export const rotateSecret = ({ partner: typed, overlap, type, json, lang, reason }: RotateInput): Promise<void> =>
  withStore(lang, async store => {
    const { id: partnerId, name } = await findPartner(store, typed, lang)
    const [id, { secret, publicText }] = [createIds()('secret'), generateSecret(type, random)]
    const overlapMs = overlap ?? DEFAULT_OVERLAP_MS
    const after = { partnerId, type, overlapSeconds: overlapMs / SECOND }
    const rotated = await audited(store, { act: 'secret.rotate', object: id, reason, after }, () =>
      store.rotateSigningSecret(partnerId, { id, type, text: new Secret(secret) }, overlapMs),
    )
    const { previousExpiresAt: until } = rotated ?? refuse(TEXTS[lang].most)
    if (json) return print(JSON.stringify({ id, partnerId, type, secret: publicText, previousExpiresAt: iso(until) }))
    print(`${TEXTS[lang].rotated(id, name, formatTime(until ?? store.now(), lang))}\n\n  secret  ${publicText}`)
  })

type EndInput = Common & { partner: string; id: string }

export const endSecret = ({ partner: typed, id, json, lang, reason }: EndInput): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const { id: partnerId } = await findPartner(store, typed, lang)
    const secrets = await store.listSigningSecrets(partnerId)
    const { type } = secrets.find(one => one.id === id) ?? refuse(texts.none(id))
    const act = { act: 'secret.end', object: id, reason, before: { partnerId, type } }
    const end = () => store.endSigningSecret(partnerId, id)
    const outcome = (await audited(store, act, end, ended => ended === 'ended')) ?? refuse(texts.none(id))
    if (outcome !== 'ended') refuse(texts[outcome])
    print(json ? JSON.stringify({ id, ended: true }) : texts.ended(id))
  })
