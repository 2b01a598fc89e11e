import { oneOf, secretWord } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'
import { operatorUrl } from '../url-parsers.ts'

export const OPERATOR = {
  title: { en: 'Telling operators', zh: '运维通知' },
  settings: {
    url: {
      name: 'OPERATOR_URL',
      parse: operatorUrl,
      default: null,
      secret: true,
      en: 'The robot of a chat (WeCom, DingTalk, Feishu, Lark, Slack, known by the host), or any other URL for Standard Webhooks, that is told what an operator has to know; `notify-test` tries it.',
      zh: '群机器人的 webhook 地址（企业微信、钉钉、飞书、Lark、Slack，按主机名识别），或任意接收 Standard Webhooks 的地址；运维告警发往该地址，可用 `notify-test` 试发。',
    },
    secret: {
      name: 'OPERATOR_SECRET',
      parse: secretWord({ min: 1 }),
      default: null,
      secret: true,
      en: 'Signs what goes to `OPERATOR_URL`: the secret that DingTalk or Feishu shows for signatures, or `whsec_` and the base64 of 24 to 64 bytes for webhooks. WeCom and Slack need none.',
      zh: '用于对发往 `OPERATOR_URL` 的内容签名：钉钉“加签”或飞书“签名校验”的密钥；若为 webhook，则为 `whsec_` 加 24 至 64 字节的 base64。企业微信与 Slack 不需要。',
    },
    language: {
      name: 'OPERATOR_LANGUAGE',
      parse: oneOf('en', 'zh'),
      default: 'en',
      en: 'The language in which operators are told, `en` or `zh`.',
      zh: '运维通知的语言，`en` 或 `zh`。',
    },
  },
} satisfies SettingGroup
