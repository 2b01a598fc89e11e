import { showPartner } from '../core/operator-texts/catalogue.ts'
import { viewCallback } from '../http/admin/callbacks.ts'
import { withPartnerNames } from '../http/admin/partner-names.ts'
import type { Callback, CallbackTrouble } from '../store/callbacks/health.ts'
import { listAll } from '../store/page.ts'
import type { Store } from '../store/store.ts'
import { argument, defineCommand, flag, partnerOption, required } from './command.ts'
import { fail } from './ending.ts'
import { findPartner } from './find-partner.ts'
import { answerList } from './output.ts'

const URL_ARGUMENT = argument('URL', {
  en: 'the URL, as "callback list --json" has it',
  zh: '地址，见 "callback list --json"',
})

const allCallbacks = (store: Store, partnerId: string | null) =>
  listAll<CallbackTrouble, Callback>(page => store.listCallbacks(partnerId, page))

export const group = { en: 'list, disable and enable callback URLs', zh: '列出、停用、启用回调地址' }

export const commands = [
  defineCommand({
    path: 'callback list',
    words: {
      en: 'list callback URLs that fail, are disabled, or answered 410',
      zh: '列出投递失败、已停用或返回过 410 的回调地址',
    },
    options: {
      partner: partnerOption({
        en: 'only those of this partner, by name or id, including those that began to fail recently',
        zh: '只列出该合作方（名称或 id）的地址，包括刚开始失败的',
      }),
    },
    onStore: async (store, { partner, say, lang }) => {
      const found = await allCallbacks(store, partner && (await findPartner(store, partner)).id)
      const troubles = await withPartnerNames(store, found)
      const states = {
        failing: say({ en: 'failing', zh: '投递失败' }),
        disabled: say({ en: 'disabled', zh: '已停用' }),
        gone: say({ en: '410 (gone)', zh: '410（已失效）' }),
      }
      const rows = troubles.map(one => [
        ...[showPartner(one), one.callbackUrl, states[one.state], one.since, one.lastError, String(one.held)],
      ])
      const head = say({
        en: 'partner|URL|state|since|last error|held',
        zh: '合作方|地址|状态|起始时间|最近错误|暂停条数',
      })
      return answerList(troubles.map(viewCallback), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'callback disable',
    words: {
      en: 'send nothing to a callback URL until it is enabled again; nothing is lost',
      zh: '停用一个回调地址，重新启用前不再投递；消息不会丢失',
    },
    args: { callbackUrl: URL_ARGUMENT },
    options: {
      partner: required(partnerOption()),
      anyway: flag({ en: 'also a URL that no recent registration names', zh: '近期没有登记使用该地址时也停用' }),
    },
    changes: true,
    example: 'callback disable https://partner.example/hook --partner "Spruce Ltd"',
    onStore: async (store, { partner, callbackUrl, anyway, say, call }) => {
      const { id: partnerId } = await findPartner(store, partner)
      const data = await call('POST /v1/admin/callbacks/disable', { body: { partnerId, callbackUrl, anyway } })
      const text = say({
        en: `${callbackUrl} is disabled: its webhooks are held until "callback enable".`,
        zh: `已停用 ${callbackUrl}：其回调暂停投递，直到 "callback enable"。`,
      })
      return { data, text }
    },
  }),
  defineCommand({
    path: 'callback enable',
    words: { en: 'enable a callback URL; what was held for it goes out', zh: '启用一个回调地址；暂停的消息恢复投递' },
    args: { callbackUrl: URL_ARGUMENT },
    options: { partner: required(partnerOption()) },
    changes: true,
    example: 'callback enable https://partner.example/hook --partner "Spruce Ltd"',
    onStore: async (store, { partner, callbackUrl, say, call }) => {
      const { id: partnerId, name } = await findPartner(store, partner)
      const found = (await allCallbacks(store, partnerId)).find(one => one.callbackUrl === callbackUrl)
      if (found?.heldSince == null)
        fail({
          en: `There is nothing to enable: ${callbackUrl} is neither disabled, nor held after a 410. "callback list --partner ${name}" shows what is; if its webhooks fail, resend them once the receiver works.`,
          zh: `无需启用：${callbackUrl} 未停用，也未因 410 暂停投递。可用 "callback list --partner ${name}" 查看；投递失败的，请在接收端恢复后重发。`,
        })
      const { released } = await call('POST /v1/admin/callbacks/enable', { body: { partnerId, callbackUrl } })
      const text = say({
        en: `${callbackUrl} is enabled: its failures are reset, and its held webhooks are sent within a second.`,
        zh: `已启用 ${callbackUrl}：失败记录已清除，暂停的消息将在一秒内开始投递。`,
      })
      return { data: { released }, text }
    },
  }),
]
