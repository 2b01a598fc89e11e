import { random } from '../../app/clock-and-ids.ts'
import { DAY, HOUR } from '../../core/duration.ts'
import type { Language } from '../../core/language.ts'
import { showSpan } from '../../core/show-sizes.ts'
import type { Trouble, TroubleCode } from '../../core/trouble.ts'
import { describeTrouble } from '../../core/trouble-texts.ts'
import type { LastBackup } from '../../store/backup.ts'
import type { BackupProblem } from '../../store/backup-problem.ts'
import { verifyBackup } from '../../store/backups.ts'
import { accountTroubles, deliveryTroubles, nodeTroubles } from '../../store/rules/troubles.ts'
import { problemText } from '../backup-problem-texts.ts'
import { formatTime } from '../frame/output.ts'
import { commandFor } from '../trouble-command.ts'
import { onTables } from './database.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, quoted, skipped, todo, warning } from './finding.ts'

/** What an operator has done on purpose, or what passes by itself, is a warning. */
const SEVERE: readonly TroubleCode[] = ['account_paused', 'upstream_unreachable', 'deliveries_late']

export const judgeTrouble = (trouble: Trouble, { at, call }: { at: number; call: string }): Finding => {
  const wordsIn = (language: Language) => describeTrouble(trouble, language, at, at => formatTime(at, language))
  const [en, zh] = [wordsIn('en'), wordsIn('zh')]
  const judge = SEVERE.includes(trouble.code) ? failed : warning
  return judge(en.sentence, zh.sentence, todo(en.remedy, zh.remedy, commandFor(trouble, call) ?? undefined))
}

/** Where settings cannot be read, none of them is exceeded. */
const momentOf = ({ isServed, config }: Desk, at: number) => ({
  ...{ at, isServed },
  pollMaxMs: config?.polling.maxMs ?? Number.POSITIVE_INFINITY,
})

export const checkAccounts = (desk: Desk) =>
  onTables(desk, async ({ stats }) => {
    const { accounts, at } = await stats()
    const troubles = accounts
      .flatMap(account => accountTroubles(account, momentOf(desk, at)))
      .filter(({ code }) => code !== 'polls_late')
    if (troubles.length > 0) return troubles.map(trouble => judgeTrouble(trouble, { at, call: desk.call }))
    return ok(
      `${accounts.length} accounts, and none is paused or unreachable`,
      `共 ${accounts.length} 个账户，均未暂停且可连接`,
    )
  })

export const checkDue = (desk: Desk) =>
  onTables(desk, async ({ stats, deliveriesHeldAt }) => {
    const all = await stats()
    const { accounts, at } = all
    const late = accounts
      .flatMap(account => accountTroubles(account, momentOf(desk, at)))
      .filter(({ code }) => code === 'polls_late')
    const troubles = [...late, ...deliveryTroubles(all, await deliveriesHeldAt())]
    if (troubles.length > 0) return troubles.map(trouble => judgeTrouble(trouble, { at, call: desk.call }))
    return ok('nothing has been due for more than two minutes', '没有等待超过两分钟的查询或回调')
  })

export const judgeExhausted = (exhausted: number, call: string): Finding =>
  exhausted === 0
    ? ok('no webhook has been given up', '没有放弃投递的回调')
    : warning(
        `${exhausted} webhooks were given up: their partners have not been told`,
        `${exhausted} 个回调已放弃投递：合作方尚未收到`,
        todo(
          'when the receivers work again, resend those of a partner',
          '接收端恢复后，请按合作方重新投递',
          `${call} resend --partner PARTNER_ID --since 7d`,
        ),
      )

export const checkExhausted = (desk: Desk) =>
  onTables(desk, async ({ stats }) => judgeExhausted((await stats()).messages.exhausted, desk.call))

export const checkNodes = (desk: Desk) =>
  onTables(desk, async ({ stats, listNodes }) => {
    const [{ at }, nodes] = [await stats(), await listNodes()]
    // That no service has it open is said by `holders`.
    const troubles = desk.isServed ? nodeTroubles(nodes, at) : []
    if (troubles.length > 0) return troubles.map(trouble => judgeTrouble(trouble, { at, call: desk.call }))
    return ok(
      `${desk.isServed ? nodes.length : 0} nodes, and none is lost or differs from the others`,
      `共 ${desk.isServed ? nodes.length : 0} 个节点，没有失联或不一致的`,
    )
  })

const FRESH_MS = 26 * HOUR
const OLD_MS = 7 * DAY

/**
 * @param problem why the last one does not open; null: it does
 * @param folder where one may be written
 */
export const judgeBackup = (
  { good, failed: bad }: LastBackup,
  { problem, now, call, folder }: { problem: BackupProblem | null; now: number; call: string; folder: string },
): Finding[] => {
  const make = todo(
    'make one, and keep a copy of it on another disk',
    '请做一次备份，并在另一块磁盘上保留副本',
    `${call} backup ${quoted(folder)}/notifier-$(date +%F-%H%M).db`,
  )
  const failure = bad
    ? [
        failed(
          `the last backup failed at ${formatTime(bad.at, 'en')} (${bad.reason})`,
          `最近一次备份于${formatTime(bad.at, 'zh')} 失败（${bad.reason}）`,
          make,
        ),
      ]
    : []
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
    const verified =
      last.good && desk.config ? await verifyBackup(desk.config, last.good.path, { random, deep: desk.deep }) : null
    const problem = verified && !verified.ok ? verified.problem : null
    return judgeBackup(last, { problem, now: desk.now, call: desk.call, folder: desk.backupFolder })
  })
