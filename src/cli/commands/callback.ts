import type { Words } from '../../core/language.ts'
import { defineCommand, type Section } from '../frame/command.ts'
import { argument, partnerOption, required } from '../frame/options.ts'

const URL = argument('URL', { en: 'the URL, as "callback list --json" has it', zh: '地址，见 "callback list --json"' })

export const CALLBACK_GROUPS: Readonly<Record<string, Words>> = {
  callback: { en: 'list, disable and enable callback URLs', zh: '列出、停用、启用回调地址' },
}

export const CALLBACKS: Section = {
  title: { en: 'Callback URLs:', zh: '回调地址：' },
  commands: [
    defineCommand({
      path: 'callback list',
      words: {
        en: 'list callback URLs that fail, are disabled, or answered 410',
        zh: '列出投递失败、已停用或返回过 410 的回调地址',
      },
      options: {
        partner: partnerOption({
          en: 'only those of this partner, by name or id, also where they have only begun to fail',
          zh: '只列出该合作方（名称或 id）的地址，包括刚开始失败的',
        }),
      },
      printsData: true,
      example: 'callback list',
      load: async () => (await import('../callback.ts')).listCallbacks,
    }),
    defineCommand({
      path: 'callback disable',
      words: {
        en: 'send nothing to a callback URL until it is enabled again; nothing is lost',
        zh: '停用一个回调地址，重新启用前不再投递；消息不会丢失',
      },
      args: { callbackUrl: URL },
      options: { partner: required(partnerOption()) },
      changes: true,
      printsData: true,
      example: 'callback disable https://partner.example/hook --partner "Spruce Ltd"',
      load: async () => (await import('../callback.ts')).disableCallback,
    }),
    defineCommand({
      path: 'callback enable',
      words: {
        en: 'enable a callback URL; what was held for it goes out',
        zh: '启用一个回调地址；暂停的消息恢复投递',
      },
      args: { callbackUrl: URL },
      options: { partner: required(partnerOption()) },
      changes: true,
      printsData: true,
      example: 'callback enable https://partner.example/hook --partner "Spruce Ltd"',
      load: async () => (await import('../callback.ts')).enableCallback,
    }),
  ],
}
