import { enumOf, type Parser, wholeNumber } from '../config/parsers.ts'
import { MAX_NAME } from '../core/line.ts'
import { viewPartner } from '../http/admin/partners.ts'
import { listAll } from '../store/page.ts'
import { argument, defineCommand, line, option, partnerArgument } from './command.ts'
import { refuse } from './ending.ts'
import { findPartner } from './find-partner.ts'
import { answerList } from './output.ts'
import { addressOf, exportsOf } from './partner-environment.ts'

const MAX_QUOTA = 1_000_000_000

/** A quota; `none` means no limit. */
const limit: Parser<number | 'none'> = {
  must: {
    en: `must be a whole number from 0 to ${MAX_QUOTA}, or none for no limit`,
    zh: `须为 0 到 ${MAX_QUOTA} 的整数，或以 none 表示不限`,
  },
  parse: text => (text === 'none' ? text : wholeNumber({ min: 0, max: MAX_QUOTA }).parse(text)),
}
/** Null: no limit; undefined: unchanged. */
const quotaOf = (typed: number | 'none' | null): number | null | undefined =>
  typed === 'none' ? null : (typed ?? undefined)

const ID = 'partner_01K9Z3N5T8V2X4B6D7F9G1H3J5'
const NAME = { en: 'what you call it', zh: '合作方名称' }

/** Words of `disable` and `enable`. */
const STATES = {
  disable: {
    en: 'its keys stop working, and nothing is polled or sent for it; nothing is lost',
    zh: '停用合作方：密钥失效，不再为其查询或投递；数据不会丢失',
  },
  enable: { en: 'its polls and webhooks go on where they stopped', zh: '启用合作方，恢复查询与投递' },
}

export const group = {
  en: 'create, list, change, disable and enable partners',
  zh: '新建、列出、修改、停用、启用合作方',
}

export const commands = [
  defineCommand({
    path: 'partner create',
    words: {
      en: 'create a partner; its API key and signing secret are shown only once. Partners that do not trust each other need accounts of their own (account create --partner)',
      zh: '新建合作方；API 密钥与签名密钥仅显示这一次。互不信任的合作方须各用自己的账户（account create --partner）',
    },
    args: { name: argument('NAME', NAME, line(MAX_NAME)) },
    changes: true,
    example: 'partner create "Spruce Ltd"',
    onStore: async (_store, { name: typed, say, config, call }) => {
      const created = await call('POST /v1/admin/partners', { body: { name: typed } })
      const { partnerId: id, name } = created
      const text = say({
        en: `Created ${name} (${id}). Partners of one account have to trust each other: the first to register a serial gets its verdict. "account create … --partner ${id}" gives this one its own. The key and the secret are shown only once; save them. To paste into a shell:`,
        zh: `已新建 ${name}（${id}）。共用一个上游账户的合作方须相互信任：流水号归先登记的一方，结果也只发给它。要让它独用一个账户，请运行 "account create … --partner ${id}"。以下密钥仅显示这一次，请妥善保存；可整段粘贴到终端：`,
      })
      const exports = exportsOf({ url: addressOf(config), ...created })
      return { data: created, text: `${text}\n\n${exports}\n` }
    },
  }),
  defineCommand({
    path: 'partner list',
    words: { en: 'list the partners, oldest first', zh: '列出合作方（按时间正序）' },
    onStore: async (store, { say, lang }) => {
      const partners = await listAll(store.listPartners)
      const rows = partners.map(one => [one.id, one.name, one.disabled, one.createdAt])
      const head = say({ en: 'id|name|disabled|created', zh: 'id|名称|已停用|创建时间' })
      return answerList(partners.map(viewPartner), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'partner set',
    words: { en: 'change the given properties of a partner; the rest stays', zh: '修改合作方的指定项，其余不变' },
    args: { partner: partnerArgument },
    options: {
      name: option('NAME', line(MAX_NAME), NAME),
      payload: option('PAYLOAD', enumOf(['full', 'thin']), {
        en: 'thin webhooks leave out the scores and the message',
        zh: 'thin 的回调不含分数与说明',
      }),
      maxPending: option('NUMBER', limit, {
        en: 'registrations that may wait for their verdict',
        zh: '同时等待结果的登记上限',
      }),
      maxHosts: option('NUMBER', limit, { en: 'different callback hosts', zh: '回调主机的数量上限' }),
      daily: option('NUMBER', limit, { en: 'new registrations in 24 hours', zh: '24 小时内新登记的上限' }),
    },
    changes: true,
    example: `partner set ${ID} --payload thin --max-pending 10000 --daily none`,
    onStore: async (store, input) => {
      const { partner: typed, name, payload, maxPending, maxHosts, daily, say, call } = input
      if ([name, payload, maxPending, maxHosts, daily].every(value => value === null))
        refuse({
          en: 'Give at least one change: --name, --payload, --max-pending, --max-hosts or --daily',
          zh: '请指定要修改的项：--name、--payload、--max-pending、--max-hosts 或 --daily',
        })
      const quotas = { pending: quotaOf(maxPending), hosts: quotaOf(maxHosts), daily: quotaOf(daily) }
      const { id } = await findPartner(store, typed)
      const partner = await call('PATCH /v1/admin/partners/:id', { id, body: { name, payload, quotas } })
      const shown = (value: number | null) => value ?? say({ en: 'no limit', zh: '不限' })
      const { pending, hosts, daily: most } = partner.quotas
      const text = say({
        en: `${partner.name} is now:\n  payload       ${partner.payload}\n  max pending   ${shown(pending)}\n  max hosts     ${shown(hosts)}\n  daily         ${shown(most)}`,
        zh: `${partner.name} 现为：\n  回调内容        ${partner.payload}\n  等待结果上限    ${shown(pending)}\n  回调主机上限    ${shown(hosts)}\n  每日新登记上限  ${shown(most)}`,
      })
      return { data: partner, text }
    },
  }),
  ...(['disable', 'enable'] as const).map(verb =>
    defineCommand({
      path: `partner ${verb}`,
      words: STATES[verb],
      args: { partner: partnerArgument },
      changes: true,
      example: `partner ${verb} ${ID}`,
      onStore: async (store, { partner: typed, say, call }) => {
        const disabled = verb === 'disable'
        const { id, name } = await findPartner(store, typed)
        await call('PATCH /v1/admin/partners/:id', { id, body: { disabled } })
        const text = say({ en: `${name} is ${verb}d.`, zh: `已${disabled ? '停用' : '启用'} ${name}。` })
        return { data: { id, name, disabled }, text }
      },
    }),
  ),
]
