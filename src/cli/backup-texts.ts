import type { Language } from '../core/language.ts'
import { showBytes } from '../core/show-sizes.ts'
import type { BackupMade } from '../store/backups.ts'
import type { RestorePlan } from '../store/sqlite/restore.ts'
import { formatCount, formatTime } from './frame/output.ts'

type Restored = { database: string; keptAs: string | null; held: boolean; call: string }

const en = {
  made: ({ file, at, bytes, masterKey, isRecorded }: BackupMade) => [
    `Backed up to ${file}: ${showBytes(bytes)}, as of ${formatTime(at, 'en')}. Keep a copy of it on another machine.`,
    `It opens only with the master key of fingerprint ${masterKey}: keep that key, and apart from the backup.`,
    ...(isRecorded
      ? []
      : ['Its time could not be written into the database, so alerts take the one before for the last.']),
  ],
  plan: ({ bytes, registrations, newest, willSend, willAsk, keepsAs }: RestorePlan) => [
    `The backup: ${showBytes(bytes)}, ${formatCount(registrations)} registrations${newest === null ? '' : `, the newest of ${formatTime(newest, 'en')}`}.`,
    '',
    'Done again, as if for the first time:',
    `  ${formatCount(willSend)} webhooks that it has as not delivered are sent, also where they have been since: under the same webhook-id, by which receivers know them.`,
    `  ${formatCount(willAsk)} registrations that it has as waiting are asked about again, and their partners told: under the same webhook-id too.`,
    'Stopped, because it may have been stopped since:',
    '  The bulk acts that it has as under way. Start again those that are still wanted: POST /v1/admin/bulk/{id}/start.',
    'Lost, because it came later:',
    '  The registrations made since then. Their partners must repeat them, which gives them new ids.',
    '  What was changed since then of partners, API keys, signing secrets and accounts. A key that was revoked since works again: revoke it anew.',
    '  Positions in GET /v1/events since then: they are answered 409 with where to go on.',
    '',
    keepsAs === null ? 'There is no database in its place.' : `The present database is kept as ${keepsAs}.`,
  ],
  question: (database: string) => `Put the backup in the place of ${database}? [y/N] `,
  yesNeeded: 'restore asks before it replaces the database, and there is no terminal here: say --yes',
  left: (database: string) => `${database} was left as it is.`,
  restored: ({ database, keptAs, held, call }: Restored) => [
    `Restored ${database}. Start the service.`,
    ...(held ? [`It will ask, but send nothing, until you run: ${call} deliveries resume`] : []),
    ...(keptAs === null ? [] : [`When all is well, remove ${keptAs}.`]),
  ],
}

const zh: typeof en = {
  made: ({ file, at, bytes, masterKey, isRecorded }) => [
    `已备份到 ${file}：${showBytes(bytes)}，数据截至${formatTime(at, 'zh')}。请在另一台机器上保留一份副本。`,
    `只有指纹为 ${masterKey} 的主密钥能打开它：请保管好该密钥，并与备份分开存放。`,
    ...(isRecorded ? [] : ['未能把备份时间写入数据库，告警会把更早的一次当作最近一次备份。']),
  ],
  plan: ({ bytes, registrations, newest, willSend, willAsk, keepsAs }) => [
    `备份：${showBytes(bytes)}，${formatCount(registrations)} 条登记${newest === null ? '' : `，最新一条登记于${formatTime(newest, 'zh')}`}。`,
    '',
    '将重做一遍：',
    `  备份中尚未送达的 ${formatCount(willSend)} 个回调会再次投递（即使此后已送达），webhook-id 不变，接收端可据此去重。`,
    `  备份中仍在等待的 ${formatCount(willAsk)} 条登记会再次查询并通知合作方，webhook-id 同样不变。`,
    '将停止（此后可能已被停止）：',
    '  备份中正在进行的批量操作；仍需要的请重新启动：POST /v1/admin/bulk/{id}/start。',
    '将丢失（发生在备份之后）：',
    '  此后新增的登记；合作方须重新登记，将得到新的 id。',
    '  此后对合作方、API 密钥、签名密钥与上游账号的修改。此后吊销的密钥会重新生效：请再次吊销。',
    '  此后的 GET /v1/events 位置：会返回 409，并告知从何处继续。',
    '',
    keepsAs === null ? '该处目前没有数据库。' : `现有数据库将保留为 ${keepsAs}。`,
  ],
  question: database => `用备份替换 ${database}？[y/N] `,
  yesNeeded: 'restore 在替换数据库前会询问，但此处没有终端：请加 --yes',
  left: database => `${database} 未作任何改动。`,
  restored: ({ database, keptAs, held, call }) => [
    `已恢复 ${database}。请启动服务。`,
    ...(held ? [`服务会查询，但不投递任何回调，直到运行：${call} deliveries resume`] : []),
    ...(keptAs === null ? [] : [`确认无误后，请删除 ${keptAs}。`]),
  ],
}

export const backupTexts = (language: Language): typeof en => ({ en, zh })[language]
