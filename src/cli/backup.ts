import { createInterface } from 'node:readline/promises'
import { clock, random } from '../app/clock-and-ids.ts'
import { StartError } from '../core/error.ts'
import type { Language } from '../core/language.ts'
import { showBytes } from '../core/show-sizes.ts'
import { BackupError } from '../store/backup-problem.ts'
import { makeBackup, openRestore } from '../store/backups.ts'
import type { RestorePlan } from '../store/sqlite/restore.ts'
import { userName } from './audit.ts'
import { problemText } from './backup-problem-texts.ts'
import { argument, type Common, defineCommand, flag } from './command.ts'
import { fail, loadConfig, print, reasonOf, refuse, refuseToOpen } from './environment.ts'
import { formatCount, formatTime, iso } from './output.ts'
import { callOf } from './program.ts'

/** Runs beside the service, or without one. */
const backup = async ({ file, json, say, lang, reason }: Common & { file: string }): Promise<void> => {
  const config = loadConfig('database', lang)
  const by = { name: userName(), reason }
  const made = await makeBackup(config, file, { by, now: clock.now, random }).catch((error: unknown) =>
    explain(error, lang),
  )
  if (json) return print(JSON.stringify({ ...made, at: iso(made.at) }))
  const [size, at] = [showBytes(made.bytes), formatTime(made.at, lang)]
  print(
    say(
      `Backed up to ${made.file}: ${size}, as of ${at}. Keep a copy of it on another machine.\nIt opens only with the master key of fingerprint ${made.masterKey}: keep that key, and apart from the backup.`,
      `已备份到 ${made.file}：${size}，数据截至${at}。请在另一台机器上保留一份副本。\n只有指纹为 ${made.masterKey} 的主密钥能打开它：请保管好该密钥，并与备份分开存放。`,
    ),
  )
}

type RestoreInput = Common & { file: string; yes: boolean; hold: boolean }

/** Says what it would do, asks, and does it. */
const restore = async ({ file, json, yes, hold, say, lang, reason }: RestoreInput): Promise<void> => {
  const config = loadConfig('database', lang)
  if (!yes && (json || !process.stdin.isTTY))
    refuse(
      say(
        'restore asks before it replaces the database, and there is no terminal here: say --yes',
        'restore 在替换数据库前会询问，但此处没有终端：请加 --yes',
      ),
    )
  try {
    const prepared = await openRestore(config, file, { now: clock.now, random })
    const { plan, database } = prepared
    const { keepsAs: keptAs, newest, ...counts } = plan
    try {
      if (!json) print(planText(plan, { say, lang }))
      const question = say(`Put the backup in the place of ${database}? [y/N] `, `用备份替换 ${database}？[y/N] `)
      if (!yes && !(await confirm(question)))
        return fail(say(`${database} was left as it is.`, `${database} 未作任何改动。`))
      prepared.commit({ hold, by: { name: userName(), reason } })
    } finally {
      prepared.close()
    }
    if (json) return print(JSON.stringify({ database, keptAs, held: hold, newest: iso(newest), ...counts }))
    print(say(`Restored ${database}. Start the service.`, `已恢复 ${database}。请启动服务。`))
    const resume = `${callOf(process.env)} deliveries resume`
    if (hold)
      print(
        say(
          `It will ask, but send nothing, until you run: ${resume}`,
          `服务会查询，但不投递任何回调，直到运行：${resume}`,
        ),
      )
    if (keptAs !== null) print(say(`When all is well, remove ${keptAs}.`, `确认无误后，请删除 ${keptAs}。`))
  } catch (error) {
    explain(error, lang)
  }
}

const planText = (plan: RestorePlan, { say, lang }: Pick<Common, 'say' | 'lang'>): string => {
  const [size, registrations] = [showBytes(plan.bytes), formatCount(plan.registrations)]
  const [send, ask] = [formatCount(plan.willSend), formatCount(plan.willAsk)]
  const newest = plan.newest === null ? '-' : formatTime(plan.newest, lang)
  return say(
    `The backup: ${size}, ${registrations} registrations, the newest of ${newest}.

Done again, as if for the first time:
  ${send} webhooks that it has as not delivered are sent, also where they have been since: under the same webhook-id, by which receivers know them.
  ${ask} registrations that it has as waiting are asked about again, and their partners told: under the same webhook-id too.
Stopped, because it may have been stopped since:
  The bulk acts that it has as under way. Start again those that are still wanted: POST /v1/admin/bulk/{id}/start.
Lost, because it came later:
  The registrations made since then. Their partners must repeat them, which gives them new ids.
  What was changed since then of partners, API keys, signing secrets and accounts. A key that was revoked since works again: revoke it anew.
  Positions in GET /v1/events since then: they are answered 409 with where to go on.

${plan.keepsAs === null ? 'There is no database in its place.' : `The present database is kept as ${plan.keepsAs}.`}`,
    `备份：${size}，${registrations} 条登记，最新一条登记于${newest}。

将重做一遍：
  备份中尚未送达的 ${send} 个回调会再次投递（即使此后已送达），webhook-id 不变，接收端可据此去重。
  备份中仍在等待的 ${ask} 条登记会再次查询并通知合作方，webhook-id 同样不变。
将停止（此后可能已被停止）：
  备份中正在进行的批量操作；仍需要的请重新启动：POST /v1/admin/bulk/{id}/start。
将丢失（发生在备份之后）：
  此后新增的登记；合作方须重新登记，将得到新的 id。
  此后对合作方、API 密钥、签名密钥与上游账号的修改。此后吊销的密钥会重新生效：请再次吊销。
  此后的 GET /v1/events 位置：会返回 409，并告知从何处继续。

${plan.keepsAs === null ? '该处目前没有数据库。' : `现有数据库将保留为 ${plan.keepsAs}。`}`,
  )
}

const confirm = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|是)$/i.test((await terminal.question(question)).trim())
  } finally {
    terminal.close()
  }
}

/** What went wrong on the way ends with 1; where something else should have been asked for or set, it is 2. */
const ON_THE_WAY = ['no_room', 'not_writable', 'damaged']

const explain = (error: unknown, lang: Language): never => {
  if (error instanceof StartError) return refuseToOpen(error, lang)
  if (!(error instanceof BackupError)) return fail(reasonOf(error, lang))
  const text = problemText(error.problem, lang)
  return ON_THE_WAY.includes(error.problem.kind) ? fail(text) : refuse(text)
}

export const commands = [
  defineCommand({
    path: 'backup',
    words: [
      'back up the database into a new file, also while the service runs; the copy is checked',
      '把数据库备份到新文件并校验；服务运行时也可执行',
    ],
    args: { file: argument('FILE', ['the new file', '新文件']) },
    changes: true,
    example: 'backup notifier-backup.db',
    run: backup,
  }),
  defineCommand({
    path: 'restore',
    words: [
      'put a backup in the place of the database, which is kept; the service must be stopped',
      '用备份替换数据库，原数据库会保留；须先停止服务',
    ],
    args: { file: argument('FILE', ['the backup', '备份文件']) },
    options: {
      yes: flag('do not ask, for scripts', '跳过确认，供脚本使用'),
      hold: flag(
        'the service then sends no webhook until "deliveries resume"',
        '恢复后服务不投递任何回调，直到 "deliveries resume"',
      ),
    },
    changes: true,
    example: 'restore notifier-backup.db --hold',
    run: restore,
  }),
]
