import type { Words } from '../../core/language.ts'
import { defineCommand, type Section } from '../frame/command.ts'
import { argument, textOption } from '../frame/options.ts'

export const CALLBACK_GROUPS: Readonly<Record<string, Words>> = {
  callback: { en: 'list and enable callback URLs that fail or are held', zh: '列出、启用投递失败或已暂停的回调地址' },
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
        partner: textOption('PARTNER_ID', {
          en: 'only those of this partner, also where they have only begun to fail',
          zh: '只列出该合作方的地址，包括刚开始失败的',
        }),
      },
      printsData: true,
      example: 'callback list',
      load: async () => (await import('../callback.ts')).listCallbacks,
    }),
    defineCommand({
      path: 'callback enable',
      words: {
        en: 'enable a callback URL; what was held for it goes out, slowly at first',
        zh: '启用一个回调地址；暂停的消息开始投递，起初较慢',
      },
      args: {
        partnerId: argument('PARTNER_ID', { en: 'whose URL it is', zh: '地址所属的合作方' }),
        callbackUrl: argument('URL', { en: 'the URL, as "callback list" shows it', zh: '地址，见 "callback list"' }),
      },
      changes: true,
      printsData: true,
      example: 'callback enable partner_01KAW2X5G0A1B2C3D4E5F6G7H8 https://partner.example/hook',
      load: async () => (await import('../callback.ts')).enableCallback,
    }),
  ],
}
