import { hostname } from 'node:os'
import { random } from '../../app/clock-and-ids.ts'
import { DAY, HOUR, SECOND } from '../../core/duration.ts'
import type { Language } from '../../core/language.ts'
import { showSpan } from '../../core/show-sizes.ts'
import type { Trouble, TroubleCode } from '../../core/trouble.ts'
import { describeTrouble } from '../../core/trouble-texts.ts'
import type { LastBackup } from '../../store/backup.ts'
import type { BackupProblem } from '../../store/backup-problem.ts'
import { findBackupProblem } from '../../store/backups.ts'
import { wrongClocks } from '../../store/rules/troubles.ts'
import { problemText } from '../backup-problem-texts.ts'
import { formatTime } from '../frame/output.ts'
import { commandFor } from '../trouble-command.ts'
import { onTables } from './database.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, quoted, skipped, todo, warning } from './finding.ts'

/** What an operator has done on purpose, or what passes by itself, is a warning. */
const SEVERE: readonly TroubleCode[] = [
  'account_paused',
  'upstream_unreachable',
  'deliveries_late',
  'clock_wrong',
  'operators_not_told',
  'backup_failed',
]

export const judgeTrouble = (trouble: Trouble, { at, call }: { at: number; call: string }): Finding => {
  const wordsIn = (language: Language) => describeTrouble(trouble, language, at, at => formatTime(at, language))
  const [en, zh] = [wordsIn('en'), wordsIn('zh')]
  const judge = SEVERE.includes(trouble.code) ? failed : warning
  return judge(en.sentence, zh.sentence, todo(en.remedy, zh.remedy, commandFor(trouble, call) ?? undefined))
}

/** What `status` says of these kinds, each as a finding. */
export const foundOf = async (desk: Desk, codes: readonly TroubleCode[]): Promise<Finding[]> => {
  const { at, troubles } = await desk.troubles()
  return troubles
    .filter(({ code }) => codes.includes(code))
    .map(trouble => judgeTrouble(trouble, { at, call: desk.call }))
}

const checkTroubles = (codes: readonly TroubleCode[], well: Finding) => (desk: Desk) =>
  onTables(desk, async () => {
    const found = await foundOf(desk, codes)
    return found.length > 0 ? found : well
  })

export const checkAccounts = checkTroubles(
  ['account_paused', 'account_paused_by_operator', 'upstream_unreachable'],
  ok('no account is paused or unreachable', '所有账户均未暂停且可连接'),
)

export const checkDue = checkTroubles(
  ['polls_late', 'deliveries_late', 'deliveries_held'],
  ok('nothing has been due for more than two minutes', '没有等待超过两分钟的查询或回调'),
)

export const checkExhausted = checkTroubles(
  ['messages_exhausted'],
  ok('no webhook has been given up in the last day', '最近一天没有放弃投递的回调'),
)

export const checkCallbacks = checkTroubles(
  ['callbacks_failing', 'messages_held'],
  ok('no callback URL has failed for an hour, and none is on hold', '没有持续失败一小时以上或暂停投递的回调地址'),
)

// That no service has it open is said by `holders`.
export const checkNodes = checkTroubles(
  ['node_lost', 'node_differs'],
  ok('no node is lost or differs from the others', '没有失联或不一致的节点'),
)

/** The clock of this machine now, or where GetResult does not tell, those of nodes as they were last told. */
export const checkClock = async (desk: Desk): Promise<Finding | Finding[]> => {
  const asked = desk.offline ? [] : await desk.asked()
  const clockAheadMs = asked.find(({ aheadMs }) => aheadMs !== null)?.aheadMs ?? null
  const here = { at: desk.now, call: desk.call }
  const own = wrongClocks([{ name: hostname(), isLost: false, clockAheadMs }]).map(one => judgeTrouble(one, here))
  const found = own.length === 0 && desk.inspection?.age === 'current' ? await foundOf(desk, ['clock_wrong']) : own
  if (found.length > 0) return found
  if (clockAheadMs === null)
    return skipped('no answer of GetResult has told its time', '未从 GetResult 的响应中得知其时间')
  const apart = Math.max(1, Math.round(Math.abs(clockAheadMs) / SECOND))
  return ok(
    `the clocks here and at GetResult agree to within ${apart} s`,
    `本机与 GetResult 的时钟相差在 ${apart} 秒以内`,
  )
}

const FRESH_MS = 26 * HOUR
const OLD_MS = 7 * DAY

interface Judging {
  /** Why the last one does not open; null: it does. */
  problem: BackupProblem | null
  /** That one has failed since. */
  failure: Finding[]
  now: number
  call: string
  /** Where one may be written. */
  folder: string
}

export const judgeBackup = ({ good }: LastBackup, { problem, failure, now, call, folder }: Judging): Finding[] => {
  const make = todo(
    'make one, and keep a copy of it on another disk',
    '请做一次备份，并在另一块磁盘上保留副本',
    `${call} backup ${quoted(folder)}/notifier-$(date +%F-%H%M).db`,
  )
  if (good === null) return failure.length > 0 ? failure : [warning('no backup has ever been made', '从未备份过', make)]
  const age = now - good.at
  const en = `the last backup is ${good.path}, ${showSpan(age, 'en')} old`
  const zh = `最近的备份为 ${good.path}，距今 ${showSpan(age, 'zh')}`
  if (problem?.kind === 'no_backup')
    return [
      ...failure,
      warning(
        `${en}, and is not there any more, so it could not be opened`,
        `${zh}，但已不在原处，无法检查`,
        todo('make sure that it was moved on purpose, and try a restore there', '请确认是有意移走的，并在新位置试恢复'),
      ),
    ]
  if (problem !== null)
    return [
      ...failure,
      failed(
        `${en}, and cannot be restored: ${problemText(problem, 'en')}`,
        `${zh}，但无法恢复：${problemText(problem, 'zh')}`,
        make,
      ),
    ]
  if (age > FRESH_MS) return [...failure, (age > OLD_MS ? failed : warning)(`${en}: too old`, `${zh}：已过旧`, make)]
  return [...failure, ok(`${en}, and opens`, `${zh}，可以打开`)]
}

const OF_SERVER = skipped(
  'PostgreSQL is backed up with its own tools: see that they run, and try a restore ("PostgreSQL" in docs/operations.md)',
  'PostgreSQL 由其自带工具备份：请确认备份在运行，并试一次恢复（见 docs/operations.zh-CN.md 的“PostgreSQL”）',
)

export const checkBackup = (desk: Desk) =>
  onTables(desk, async ({ kind, lastBackup }) => {
    if (kind === 'postgres') return OF_SERVER
    const last = await lastBackup()
    const { config, deep } = desk
    const problem = last.good && config ? findBackupProblem(config, last.good.path, { random, deep }) : null
    const failure = await foundOf(desk, ['backup_failed'])
    return judgeBackup(last, { problem, failure, now: desk.now, call: desk.call, folder: desk.backupFolder })
  })
