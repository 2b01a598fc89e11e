import type { Language } from '../core/language.ts'
import type { NodeTrait } from '../core/node.ts'

export interface StatusTexts {
  well: string
  queue: string
  due: string
  oldest: string
  later: string
  underWay: string
  held: string
  state: string
  polls: (account: string) => string
  deliveries: string
  paused: string
  unreachable: string
  running: string
  node: string
  version: string
  seen: string
  lost: string
  differs: (traits: readonly string[]) => string
  traits: Record<NodeTrait, string>
  lastMinute: string
  lastHour: string
  registered: string
  polled: string
  verdicts: string
  unresolved: string
  attempts: string
  delivered: string
  givenUp: string
  detection: string
  delivery: string
  registrations: (counts: readonly string[]) => string
  webhooks: (counts: readonly string[]) => string
  statuses: Record<'pending' | 'succeeded' | 'failed' | 'unresolved' | 'cancelled' | 'delivered' | 'exhausted', string>
  bulkResends: (remaining: number) => string
  bulkActs: (open: number, remaining: number) => string
  database: (size: string, log: string, free: string | null) => string
  postgres: (size: string, version: string) => string
}

const en: StatusTexts = {
  well: 'Nothing is wrong.',
  queue: 'queue',
  due: 'due',
  oldest: 'oldest due for',
  later: 'later',
  underWay: 'under way',
  held: 'on hold',
  state: 'state',
  polls: account => `polls of ${account}`,
  deliveries: 'webhooks',
  paused: 'paused',
  unreachable: 'unreachable',
  running: 'running',
  node: 'node',
  version: 'version',
  seen: 'last seen before',
  lost: 'lost',
  differs: traits => `differs: ${traits.join(', ')}`,
  traits: { version: 'version', settings: 'settings', key: 'master key' },
  lastMinute: 'the last minute',
  lastHour: 'the last hour',
  registered: 'registered',
  polled: 'polls',
  verdicts: 'verdicts',
  unresolved: 'unresolved',
  attempts: 'attempts',
  delivered: 'delivered',
  givenUp: 'given up',
  detection: 'detection p50 / p95',
  delivery: 'delivery p50 / p95',
  registrations: counts => `Registrations: ${counts.join(', ')}.`,
  webhooks: counts => `Webhooks: ${counts.join(', ')}.`,
  statuses: {
    pending: 'pending',
    succeeded: 'succeeded',
    failed: 'failed',
    unresolved: 'unresolved',
    cancelled: 'cancelled',
    delivered: 'delivered',
    exhausted: 'exhausted',
  },
  bulkResends: remaining => `Bulk resends have ${remaining} webhooks still to make due.`,
  bulkActs: (open, remaining) =>
    `Bulk acts: ${open} under way, with about ${remaining} registrations still to come to (GET /v1/admin/bulk).`,
  database: (size, log, free) =>
    `Database: ${size}, its log ${log}${free === null ? '' : `, ${free} free on its disk`}.`,
  postgres: (size, version) => `Database: ${size} in PostgreSQL ${version}.`,
}

const zh: StatusTexts = {
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
  lastMinute: '上一分钟',
  lastHour: '上一小时',
  registered: '登记',
  polled: '查询',
  verdicts: '有结果',
  unresolved: '无结果',
  attempts: '投递',
  delivered: '送达',
  givenUp: '放弃',
  detection: '发现延迟 p50 / p95',
  delivery: '投递延迟 p50 / p95',
  registrations: counts => `登记：${counts.join('，')}。`,
  webhooks: counts => `回调：${counts.join('，')}。`,
  statuses: {
    pending: '等待中',
    succeeded: '通过',
    failed: '未通过',
    unresolved: '无结果',
    cancelled: '已取消',
    delivered: '已送达',
    exhausted: '已放弃',
  },
  bulkResends: remaining => `批量重发还有 ${remaining} 个回调未排入投递。`,
  bulkActs: (open, remaining) =>
    `批量操作：进行中 ${open} 项，约还有 ${remaining} 个登记未处理（GET /v1/admin/bulk）。`,
  database: (size, log, free) => `数据库 ${size}，日志 ${log}${free === null ? '' : `，磁盘剩余 ${free}`}。`,
  postgres: (size, version) => `数据库 ${size}（PostgreSQL ${version}）。`,
}

export const STATUS_TEXTS: Readonly<Record<Language, StatusTexts>> = { en, zh }
