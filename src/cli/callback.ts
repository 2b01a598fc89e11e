import { callbackPolicy } from '../app/callback-policy.ts'
import { judgeUrl } from '../core/callback-url.ts'
import { callbackFacts, viewCallback } from '../http/admin/callbacks.ts'
import type { CallbackTrouble } from '../store/callbacks.ts'
import type { Store } from '../store/store.ts'
import { audited } from './audit.ts'
import { argument, defineCommand, type Pair, partnerOption, required } from './command.ts'
import { print, refuse, withStore } from './environment.ts'
import { findPartner, partnerNames } from './find-partner.ts'
import { listJson, showTable } from './output.ts'

const PAGE = 250
const URL_ARGUMENT = argument('URL', ['the URL, as "callback list --json" has it', '地址，见 "callback list --json"'])

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

export const group: Pair = ['list, disable and enable callback URLs', '列出、停用、启用回调地址']

export const commands = [
  defineCommand({
    path: 'callback list',
    words: [
      'list callback URLs that fail, are disabled, or answered 410',
      '列出投递失败、已停用或返回过 410 的回调地址',
    ],
    options: {
      partner: partnerOption([
        'only those of this partner, by name or id, also where they have only begun to fail',
        '只列出该合作方（名称或 id）的地址，包括刚开始失败的',
      ]),
    },
    printsData: true,
    example: 'callback list',
    run: ({ partner, json, say, lang }) =>
      withStore(lang, async store => {
        const troubles = await allCallbacks(store, partner && (await findPartner(store, partner, say)).id)
        if (json) return print(listJson(troubles.map(viewCallback)))
        const states = {
          failing: say('failing', '投递失败'),
          disabled: say('disabled', '已停用'),
          gone: say('410 (gone)', '410（已失效）'),
        }
        const named = await partnerNames(store, troubles)
        const rows = troubles.map(({ partnerId, callbackUrl, state, since, lastError, held }) => [
          ...[named(partnerId), callbackUrl, states[state], since, lastError, String(held)],
        ])
        const head = say('partner|URL|state|since|last error|held', '合作方|地址|状态|起始时间|最近错误|暂停条数')
        print(showTable(head.split('|'), rows, lang))
      }),
  }),
  defineCommand({
    path: 'callback disable',
    words: [
      'send nothing to a callback URL until it is enabled again; nothing is lost',
      '停用一个回调地址，重新启用前不再投递；消息不会丢失',
    ],
    args: { callbackUrl: URL_ARGUMENT },
    options: { partner: required(partnerOption()) },
    changes: true,
    example: 'callback disable https://partner.example/hook --partner "Spruce Ltd"',
    run: ({ partner, callbackUrl: typed, json, say, lang, reason }) =>
      withStore(lang, async (store, config) => {
        // As registering reads it, so it is as it is stored.
        const verdict = judgeUrl(typed, callbackPolicy(config.callback))
        if (!verdict.ok) return refuse(`URL ${verdict.message[lang]}`)
        const callbackUrl = verdict.url.href
        const { id: partnerId } = await findPartner(store, partner, say)
        const after = callbackFacts(callbackUrl, true)
        const disabled = await audited(store, { act: 'callback.disable', object: partnerId, reason, after }, () =>
          store.disableCallback({ partnerId, callbackUrl }),
        )
        if (json) return print(JSON.stringify({ disabled }))
        print(
          disabled
            ? say(
                `${callbackUrl} is disabled: its webhooks are held until "callback enable".`,
                `已停用 ${callbackUrl}：其回调暂停投递，直到 "callback enable"。`,
              )
            : say(`${callbackUrl} is disabled by an operator already.`, `${callbackUrl} 已由运维人员停用。`),
        )
      }),
  }),
  defineCommand({
    path: 'callback enable',
    words: ['enable a callback URL; what was held for it goes out', '启用一个回调地址；暂停的消息恢复投递'],
    args: { callbackUrl: URL_ARGUMENT },
    options: { partner: required(partnerOption()) },
    changes: true,
    example: 'callback enable https://partner.example/hook --partner "Spruce Ltd"',
    run: ({ partner, callbackUrl, json, say, lang, reason }) =>
      withStore(lang, async store => {
        const { id: partnerId, name } = await findPartner(store, partner, say)
        if (!(await allCallbacks(store, partnerId)).some(one => one.callbackUrl === callbackUrl))
          refuse(
            say(
              `${name} has no callback URL ${callbackUrl} that fails or is on hold; "callback list --partner ${name}" shows those that do.`,
              `合作方 ${name} 没有投递失败或已暂停的地址 ${callbackUrl}；可用 "callback list --partner ${name}" 查看。`,
            ),
          )
        const after = callbackFacts(callbackUrl, false)
        const released = await audited(store, { act: 'callback.enable', object: partnerId, reason, after }, () =>
          store.enableCallback({ partnerId, callbackUrl }, 'operator'),
        )
        if (json) return print(JSON.stringify({ released }))
        print(
          released
            ? say(
                `${callbackUrl} is enabled: what was held goes out within a second.`,
                `已启用 ${callbackUrl}：暂停的消息将在一秒内开始投递。`,
              )
            : say(
                `${callbackUrl} is enabled: its failures are forgotten. It was not on hold.`,
                `已启用 ${callbackUrl}：失败记录已清除。此前并未暂停。`,
              ),
        )
      }),
  }),
]
