import { DAY, SECOND } from '../../core/duration.ts'
import { duration, secretKey } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'
import { databaseUrl } from '../url-parsers.ts'

export const STORAGE = {
  title: { en: 'Storage', zh: '存储' },
  settings: {
    database: {
      name: 'DATABASE_URL',
      parse: databaseUrl,
      default: 'file:data/notifier.db',
      secret: true,
      en: '`file:PATH` for SQLite (one node), or `postgres://USER:PASSWORD@HOST/NAME` (several nodes); with `?sslmode=verify-full` over TLS, with `&sslrootcert=FILE` trusting an authority of your own.',
      zh: '`file:路径` 使用 SQLite（单节点）；`postgres://用户:密码@主机/库名` 使用 PostgreSQL（多节点）；加 `?sslmode=verify-full` 则使用 TLS，再加 `&sslrootcert=文件` 可信任自建的证书机构。',
    },
    masterKey: {
      name: 'MASTER_KEY',
      parse: secretKey({ bytes: 32 }),
      default: null,
      secret: true,
      en: '32 bytes in base64; encrypts signing secrets and upstream keys at rest. If it is missing with SQLite, one is generated beside the database; PostgreSQL requires it.',
      zh: '32 字节的 base64，用于加密保存签名密钥与上游密钥。使用 SQLite 时若未设置，会在数据库旁自动生成；使用 PostgreSQL 时必须设置。',
    },
    previousMasterKey: {
      name: 'MASTER_KEY_PREVIOUS',
      parse: secretKey({ bytes: 32 }),
      default: null,
      secret: true,
      en: 'The key before `MASTER_KEY`; needed until `rekey` has moved everything to the new one.',
      zh: '更换 `MASTER_KEY` 之前的旧密钥；在 `rekey` 把全部数据迁移到新密钥之前需要保留。',
    },
    retentionMs: {
      name: 'RETENTION',
      parse: duration({ min: 1 * SECOND, max: 3_650 * DAY }),
      default: '30d',
      en: 'How long a finished registration is kept before it is erased with its messages and attempts.',
      zh: '已结束的登记保留多久；到期后连同其消息和投递记录一并删除。',
    },
  },
} satisfies SettingGroup
