import type { Words } from '../../core/language.ts'
import { defineCommand, type Section } from '../frame/command.ts'
import { argument, flag, option, required } from '../frame/options.ts'
import { readSource, readTarget } from '../move-options.ts'

export const DATA_GROUPS: Readonly<Record<string, Words>> = {
  deliveries: { en: 'hold and resume the sending of webhooks', zh: '暂停与恢复投递回调' },
}

export const DATA: Section = {
  title: { en: 'Data:', zh: '数据：' },
  commands: [
    defineCommand({
      path: 'migrate',
      words: {
        en: 'bring the database to the current schema; serve does this too',
        zh: '把数据库升级到当前结构；serve 启动时也会升级',
      },
      changes: true,
      printsData: true,
      example: 'migrate',
      load: async () => (await import('../database.ts')).migrate,
    }),
    defineCommand({
      path: 'prune',
      words: { en: 'erase what is older than RETENTION, now', zh: '立即清除超过 RETENTION 的数据' },
      changes: true,
      printsData: true,
      example: 'prune',
      load: async () => (await import('../database.ts')).prune,
    }),
    defineCommand({
      path: 'rekey',
      words: {
        en: 'move all that is sealed under MASTER_KEY_PREVIOUS to MASTER_KEY; may be stopped or fail, and then be run again',
        zh: '把以 MASTER_KEY_PREVIOUS 加密的内容改用 MASTER_KEY 加密；中止或失败后可重新运行',
      },
      changes: true,
      printsData: true,
      example: 'rekey',
      load: async () => (await import('../database.ts')).rekey,
    }),
    defineCommand({
      path: 'backup',
      words: {
        en: 'back up the database into a new file, also while the service runs; the copy is checked',
        zh: '把数据库备份到新文件并校验；服务运行时也可执行',
      },
      args: { file: argument('FILE', { en: 'the new file', zh: '新文件' }) },
      changes: true,
      printsData: true,
      example: 'backup notifier-backup.db',
      load: async () => (await import('../backup.ts')).backup,
    }),
    defineCommand({
      path: 'restore',
      words: {
        en: 'put a backup in the place of the database, which is kept; the service must be stopped',
        zh: '用备份替换数据库，原数据库会保留；须先停止服务',
      },
      args: { file: argument('FILE', { en: 'the backup', zh: '备份文件' }) },
      options: {
        yes: flag({ en: 'do not ask, for scripts', zh: '跳过确认，供脚本使用' }),
        hold: flag({
          en: 'the service then sends no webhook until "deliveries resume"',
          zh: '恢复后服务不投递任何回调，直到 "deliveries resume"',
        }),
      },
      changes: true,
      printsData: true,
      example: 'restore notifier-backup.db --hold',
      load: async () => (await import('../backup.ts')).restore,
    }),
    defineCommand({
      path: 'move',
      words: {
        en: 'move all of an SQLite file into an empty PostgreSQL database',
        zh: '把 SQLite 文件的全部数据迁移到空的 PostgreSQL 数据库',
      },
      options: {
        from: required(
          option('file:PATH', { en: 'the file; its service must be stopped', zh: '源文件；须先停止服务' }, readSource),
        ),
        to: option(
          'postgres://…',
          {
            en: 'the empty database, unless DATABASE_URL names it, which keeps its password out of the list of processes',
            zh: '空的目标数据库；省略时使用 DATABASE_URL，密码便不会出现在进程列表中',
          },
          readTarget,
        ),
      },
      changes: true,
      printsData: true,
      example: 'move --from file:data/notifier.db',
      load: async () => (await import('../move.ts')).move,
    }),
    defineCommand({
      path: 'deliveries hold',
      words: {
        en: 'send no webhook until they are resumed, also after a restart; nothing is lost',
        zh: '暂停投递回调直到恢复，重启后仍有效；回调不会丢失',
      },
      changes: true,
      printsData: true,
      example: 'deliveries hold',
      load: async () => (await import('../deliveries.ts')).holdDeliveries,
    }),
    defineCommand({
      path: 'deliveries resume',
      words: { en: 'send again, what has waited first', zh: '恢复投递，等待最久的优先' },
      changes: true,
      printsData: true,
      example: 'deliveries resume',
      load: async () => (await import('../deliveries.ts')).resumeDeliveries,
    }),
  ],
}
