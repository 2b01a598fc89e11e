import { createInterface } from 'node:readline/promises'
import { clock, random } from '../app/clock-and-ids.ts'
import { createClosing } from '../core/closing.ts'
import { showBytes } from '../core/show-sizes.ts'
import { makeBackup, openRestore } from '../store/sqlite/backups.ts'
import type { RestorePlan } from '../store/sqlite/restore.ts'
import { userName } from './audit.ts'
import { type Answer, argument, type Common, defineCommand, flag } from './command.ts'
import { fail, refuse } from './ending.ts'
import { loadConfig, print } from './environment.ts'
import { formatCount, formatTime, iso } from './output.ts'
import { programCommand } from './program.ts'

/** Backs up the database, also while the service runs. */
const backup = async ({ file, say, lang, reason }: Common & { file: string }): Promise<Answer> => {
  const config = loadConfig('database')
  const by = { name: userName(), reason }
  const made = await makeBackup(config, file, { by, now: clock.now, random })
  const [size, at] = [showBytes(made.bytes), formatTime(made.at, lang)]
  const text = say({
    en: `Backed up to ${made.file}: ${size}, as of ${at}. Keep a copy of it on another machine.\nIt can be read only with the master key of fingerprint ${made.masterKey}: keep that key, separate from the backup.`,
    zh: `已备份到 ${made.file}：${size}，数据截至${at}。请在另一台机器上保留一份副本。\n只有指纹为 ${made.masterKey} 的主密钥能打开它：请保管好该密钥，并与备份分开存放。`,
  })
  return { data: { ...made, at: iso(made.at) }, text }
}

type RestoreInput = Common & { file: string; yes: boolean; hold: boolean }

/** Prints the plan, asks for confirmation and restores. */
const restore = async ({ file, json, yes, hold, say, lang, reason }: RestoreInput): Promise<Answer> => {
  const config = loadConfig('database')
  if (!yes && (json || !process.stdin.isTTY))
    refuse({
      en: 'restore asks before it replaces the database, and there is no terminal here: add --yes',
      zh: 'restore 在替换数据库前会询问，但此处没有终端：请加 --yes',
    })
  const prepared = await openRestore(config, file, { now: clock.now, random })
  await using stack = createClosing()
  stack.defer(prepared.close)
  const { plan, database } = prepared
  const { keepsAs: keptAs, newest, ...counts } = plan
  if (!json) print(planText(plan, { say, lang }))
  const question = say({
    en: `Put the backup in the place of ${database}? [y/N] `,
    zh: `用备份替换 ${database}？[y/N] `,
  })
  if (!yes && !(await confirm(question)))
    return fail({ en: `${database} was left as it is.`, zh: `${database} 未作任何改动。` })
  prepared.commit({ hold, by: { name: userName(), reason } })
  const text = [say({ en: `Restored ${database}. Start the service.`, zh: `已恢复 ${database}。请启动服务。` })]
  const resume = `${programCommand()} deliveries resume`
  if (hold)
    text.push(
      say({
        en: `It will poll, but send no webhook, until you run: ${resume}`,
        zh: `服务会查询，但不投递任何回调，直到运行：${resume}`,
      }),
    )
  if (keptAs !== null)
    text.push(say({ en: `When all is well, remove ${keptAs}.`, zh: `确认无误后，请删除 ${keptAs}。` }))
  return { data: { database, keptAs, held: hold, newest: iso(newest), ...counts }, text: text.join('\n') }
}

const planText = (plan: RestorePlan, { say, lang }: Pick<Common, 'say' | 'lang'>): string => {
  const [size, registrations] = [showBytes(plan.bytes), formatCount(plan.registrations)]
  const [send, ask] = [formatCount(plan.willSend), formatCount(plan.willAsk)]
  const newest = plan.newest === null ? '-' : formatTime(plan.newest, lang)
  return say({
    en: `The backup: ${size}, ${registrations} registrations, the newest of ${newest}.
Done again, under the same webhook-ids: ${send} webhooks are sent, ${ask} registrations are polled.
Stopped: the bulk acts that it has as under way, if any.
Lost: what was registered since then, and what was changed of partners, keys, secrets, accounts and admin tokens; a key or token that was revoked since works again.
${plan.keepsAs === null ? 'There is no database in its place.' : `The present database is kept as ${plan.keepsAs}.`}`,
    zh: `备份：${size}，${registrations} 条登记，最新一条登记于${newest}。
将重做（webhook-id 不变）：投递 ${send} 个回调，查询 ${ask} 条登记。
将停止：备份中正在进行的批量操作（如有）。
将丢失：此后新增的登记，以及对合作方、API 密钥、签名密钥、账户与管理令牌的修改；此后吊销的密钥和令牌会重新生效。
${plan.keepsAs === null ? '该处目前没有数据库。' : `现有数据库将保留为 ${plan.keepsAs}。`}`,
  })
}

const confirm = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|是)$/i.test((await terminal.question(question)).trim())
  } finally {
    terminal.close()
  }
}

export const commands = [
  defineCommand({
    path: 'backup',
    words: {
      en: 'back up the database into a new file, also while the service runs; the copy is checked',
      zh: '把数据库备份到新文件并校验；服务运行时也可执行',
    },
    args: { file: argument('FILE', { en: 'the new file', zh: '新文件' }) },
    changes: true,
    example: 'backup notifier-backup.db',
    run: backup,
  }),
  defineCommand({
    path: 'restore',
    words: {
      en: 'replace the database by a backup; the present database is kept, and the service must be stopped',
      zh: '用备份替换数据库，原数据库会保留；须先停止服务',
    },
    args: { file: argument('FILE', { en: 'the backup', zh: '备份文件' }) },
    options: {
      yes: flag({ en: 'do not ask for confirmation, for scripts', zh: '跳过确认，供脚本使用' }),
      hold: flag({
        en: 'the service then sends no webhook until "deliveries resume"',
        zh: '恢复后服务不投递任何回调，直到 "deliveries resume"',
      }),
    },
    changes: true,
    example: 'restore notifier-backup.db --hold',
    run: restore,
  }),
]
