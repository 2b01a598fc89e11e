import type { Language } from '../core/language.ts'

const en = {
  well: 'Nothing is wrong.',
  queue: 'queue',
  due: 'due',
  oldest: 'oldest due for',
  later: 'later',
  underWay: 'under way',
  held: 'on hold',
  state: 'state',
  polls: (account: string) => `polls of ${account}`,
  deliveries: 'webhooks',
  paused: 'paused',
  unreachable: 'unreachable',
  running: 'running',
  node: 'node',
  version: 'version',
  seen: 'last seen before',
  lost: 'lost',
  differs: (traits: readonly string[]) => `differs: ${traits.join(', ')}`,
  traits: { version: 'version', settings: 'settings', key: 'master key' },
  bulkResends: (remaining: number) => `Bulk resends: ${remaining} still to be made due.`,
  bulkActs: (open: number, remaining: number) =>
    `Bulk acts: ${open} under way, with about ${remaining} registrations still to come to (GET /v1/admin/bulk).`,
  database: (size: string, log: string, free: string | null) =>
    `Database: ${size}, its log ${log}${free === null ? '' : `, ${free} free on its disk`}.`,
  postgres: (size: string, version: string) => `Database: ${size} in PostgreSQL ${version}.`,
}

const zh: typeof en = {
  well: '一切正常。',
  queue: '队列',
  due: '待处理',
  oldest: '最久已等待',
  later: '稍后',
  underWay: '处理中',
  held: '暂停投递',
  state: '状态',
  polls: account => `查询（${account}）`,
  deliveries: '回调',
  paused: '已暂停',
  unreachable: '无法连接',
  running: '运行中',
  node: '节点',
  version: '版本',
  seen: '上次报到距今',
  lost: '失联',
  differs: traits => `不一致：${traits.join('、')}`,
  traits: { version: '版本', settings: '配置', key: '主密钥' },
  bulkResends: remaining => `批量重发还有 ${remaining} 个回调未排入投递。`,
  bulkActs: (open, remaining) =>
    `批量操作：进行中 ${open} 项，约还有 ${remaining} 个登记未处理（GET /v1/admin/bulk）。`,
  database: (size, log, free) => `数据库 ${size}，日志 ${log}${free === null ? '' : `，磁盘剩余 ${free}`}。`,
  postgres: (size, version) => `数据库 ${size}（PostgreSQL ${version}）。`,
}

export type StatusTexts = typeof en
export const STATUS_TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }
