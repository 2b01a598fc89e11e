/** Where operators are told, by what it understands. `webhook`: Standard Webhooks, as partners get. */
export type OperatorChannel = 'wecom' | 'dingtalk' | 'feishu' | 'slack' | 'webhook'

const ROBOTS: Readonly<Record<string, Exclude<OperatorChannel, 'webhook'>>> = {
  'qyapi.weixin.qq.com': 'wecom',
  'oapi.dingtalk.com': 'dingtalk',
  'open.feishu.cn': 'feishu',
  'open.larksuite.com': 'feishu',
  'hooks.slack.com': 'slack',
}

/** A robot is known by its host, and everything else is a webhook. */
export const operatorChannelOf = ({ hostname }: Pick<URL, 'hostname'>): OperatorChannel => ROBOTS[hostname] ?? 'webhook'
