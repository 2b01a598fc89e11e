import type { Language } from './language.ts'

/** Name of an act in the audit: its object, and what an operator does to it by the admin API or a command. */
export type ActName =
  | `account.${'create' | 'change' | 'pause' | 'resume' | 'remove'}`
  | `admin_token.${'create' | 'revoke'}`
  | `bulk.${'create' | 'start' | 'stop'}`
  | `callback.${'disable' | 'enable'}`
  | `database.${'backup' | 'migrate' | 'move' | 'prune' | 'rekey' | 'restore'}`
  | `deliveries.${'hold' | 'resume'}`
  | `key.${'create' | 'revoke'}`
  | `partner.${'create' | 'change' | 'disable' | 'enable' | 'console_link' | 'remove_contact'}`
  | `registration.${'cancel' | 'erase' | 'poll' | 'resend' | 'reveal'}`
  | `secret.${'rotate' | 'end'}`

const OBJECTS: Readonly<Record<string, string>> = {
  ...{ account: '账户', admin_token: '管理令牌', bulk: '批量操作', callback: '回调地址', database: '数据库' },
  ...{ deliveries: '全部投递', key: 'API 密钥', partner: '合作方', registration: '登记', secret: '签名密钥' },
}
const VERBS: Readonly<Record<string, string>> = {
  ...{ create: '新建', change: '修改', pause: '暂停', resume: '恢复', remove: '移除', revoke: '吊销', start: '开始' },
  ...{ stop: '停止', disable: '停用', enable: '启用', backup: '备份', migrate: '升级', move: '迁移', prune: '清理' },
  ...{ rekey: '更换主密钥', restore: '恢复', hold: '暂停', console_link: '生成控制台链接', cancel: '取消' },
  ...{ remove_contact: '移除通知渠道', erase: '删除数据', poll: '查询', resend: '重发回调', rotate: '更换' },
  ...{ reveal: '查看隐藏内容', end: '停用' },
}

/** The act in words: in Chinese `登记：取消`, in English its name. */
export const showAct = (act: string, language: Language): string => {
  const [object = '', verb = ''] = act.split('.')
  return language === 'en' ? act : `${OBJECTS[object] ?? object}：${VERBS[verb] ?? verb}`
}
