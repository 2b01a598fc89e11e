import { NODE_ROLES } from '../../core/node.ts'
import { someOf } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'

export const NODE = {
  title: { en: 'This node', zh: '本节点' },
  settings: {
    roles: {
      name: 'ROLES',
      parse: someOf(...NODE_ROLES),
      default: NODE_ROLES.join(','),
      en: 'What this process does, separated by commas: `api` serves partners and operators, `poll` asks GetResult, `deliver` sends webhooks and does the work in the background. The nodes of a database need all of them together.',
      zh: '本进程承担的工作，以逗号分隔：`api` 为合作方和运维人员提供接口，`poll` 查询上游，`deliver` 投递回调并执行后台工作。同一数据库的各节点合起来须包含全部三项。',
    },
  },
} satisfies SettingGroup
