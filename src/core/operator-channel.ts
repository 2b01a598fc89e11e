import type { Language } from './language.ts'

/** Where operators are told, by what it understands. `webhook`: Standard Webhooks, as partners get. */
export const OPERATOR_CHANNELS = ['wecom', 'dingtalk', 'feishu', 'slack', 'webhook'] as const
export type OperatorChannel = (typeof OPERATOR_CHANNELS)[number]

/** What a channel holds against us that lasts until somebody sees to it. */
export type OperatorProblem = 'signature' | 'key' | 'keyword' | 'address'

/** It has taken none of several messages in a row. */
export interface RefusingChannel {
  /** Epoch ms. */
  since: number
  channel: OperatorChannel
  /** Then it gets one message an hour. Null: what keeps it may pass by itself, so it is tried as often as ever. */
  problem: OperatorProblem | null
  /** What it answered, such as `http 404`. */
  error: string
}

/** Where a partner is told that its URLs fail. */
export interface Contact {
  url: string
  secret: string | null
  language: Language
}

const ROBOTS: Readonly<Record<string, Exclude<OperatorChannel, 'webhook'>>> = {
  'qyapi.weixin.qq.com': 'wecom',
  'oapi.dingtalk.com': 'dingtalk',
  'open.feishu.cn': 'feishu',
  'open.larksuite.com': 'feishu',
  'hooks.slack.com': 'slack',
}

/** A robot is known by its host, and everything else is a webhook. */
export const operatorChannelOf = ({ hostname }: Pick<URL, 'hostname'>): OperatorChannel => ROBOTS[hostname] ?? 'webhook'
