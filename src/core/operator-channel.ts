import type { Language } from './language.ts'

/** Kinds of operators' channels, by the format that they understand. `webhook`: Standard Webhooks, as partners get. */
export const OPERATOR_CHANNELS = ['wecom', 'dingtalk', 'feishu', 'slack', 'webhook'] as const
export type OperatorChannel = (typeof OPERATOR_CHANNELS)[number]

/** Why a channel refuses notices until an operator fixes it. */
export type OperatorProblem = 'signature' | 'key' | 'keyword' | 'address'

/** A channel that has taken none of several notices in a row. */
export interface RefusingChannel {
  /** Epoch ms. */
  since: number
  channel: OperatorChannel
  /** With a problem, it gets one notice an hour. Null: the failure may pass, so it is tried as often as ever. */
  problem: OperatorProblem | null
  /** The channel's error, such as `http 404`. */
  error: string
}

/** Where a partner is notified that its URLs fail. */
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

/** Where a robot's URL has its key. Without it, the robot refuses every message. */
const ROBOT_KEY: Readonly<Record<Exclude<OperatorChannel, 'webhook'>, RegExp>> = {
  wecom: /\?(.*&)?key=[^&]/,
  dingtalk: /\?(.*&)?access_token=[^&]/,
  feishu: /\/hook\/[^/?]/,
  slack: /^\/\w+\/[^?]/,
}
export const hasRobotKey = (url: URL): boolean => {
  const channel = operatorChannelOf(url)
  return channel === 'webhook' || ROBOT_KEY[channel].test(url.pathname + url.search)
}

const CHINESE = ['qyapi.weixin.qq.com', 'oapi.dingtalk.com', 'open.feishu.cn']
/** Whether notices are Chinese unless a language is set. */
export const isChineseRobot = ({ hostname }: Pick<URL, 'hostname'>): boolean => CHINESE.includes(hostname)

/** Recognises robots by their host; any other host is a webhook. */
export const operatorChannelOf = ({ hostname }: Pick<URL, 'hostname'>): OperatorChannel => ROBOTS[hostname] ?? 'webhook'
