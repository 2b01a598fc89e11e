import { existsSync } from 'node:fs'
import { random } from '../../app/clock-and-ids.ts'
import type { Language } from '../../core/language.ts'
import { FULL_BYTES } from '../../core/operator-texts/catalogue.ts'
import { describeTrouble } from '../../core/operator-texts/describe.ts'
import { showSpan } from '../../core/show-sizes.ts'
import type { Trouble } from '../../core/trouble.ts'
import { troubleKind } from '../../core/trouble-kinds.ts'
import type { BackupError, LastBackup } from '../../store/backup.ts'
import type { SchemaAge } from '../../store/opening.ts'
import { isAlive } from '../../store/operators/nodes.ts'
import { findBackupProblem } from '../../store/sqlite/backups.ts'
import type { EngineStats } from '../../store/stats/stats.ts'
import { backupDueAt, troublesOf } from '../../store/stats/troubles.ts'
import { formatTime } from '../output.ts'
import { programCommand } from '../program.ts'
import { backupCommand, commandFor } from '../trouble-command.ts'
import { onDatabase, onTables } from './facts.ts'
import { type Finding, failed, ok, skipped, warning } from './finding.ts'

export const judgeDamage = (found: string | null, pragma: string): Finding =>
  found === null
    ? ok({ en: `${pragma} found nothing wrong`, zh: `${pragma} 未发现问题` })
    : failed(
        { en: `the database is damaged (${pragma}: ${found})`, zh: `数据库已损坏（${pragma}：${found}）` },
        {
          en: 'stop the service, and restore the last backup ("A damaged database" in docs/operations.md)',
          zh: '请停止服务并恢复最近的备份（见 docs/operations.zh-CN.md 的“数据库损坏”）',
        },
      )

export const checkIntegrity = onDatabase((inspection, { deep }) => {
  const pragma = deep ? 'integrity_check' : 'quick_check'
  return judgeDamage(inspection.kind === 'sqlite' ? inspection.findDamage(pragma) : null, pragma)
})

export const judgeSchema = (age: SchemaAge): Finding => {
  if (age === 'current') return ok({ en: 'the schema is the one of this version', zh: '数据库结构与当前版本一致' })
  if (age === 'later')
    return failed(
      { en: 'the database belongs to a later version of idface-notifier', zh: '数据库属于更新版本的 idface-notifier' },
      {
        en: 'start that version again, or restore a backup from before the upgrade',
        zh: '请重新使用该版本，或恢复升级前的备份',
      },
    )
  if (age === 'new')
    return skipped({ en: 'there are no tables yet; the service makes them', zh: '尚无表，服务启动时会新建' })
  return warning(
    {
      en: 'the schema is older than this version; the next start upgrades it',
      zh: '数据库结构低于当前版本，下次启动时会升级',
    },
    { en: 'back up, then bring it up to date', zh: '请先备份，再升级', command: `${programCommand()} migrate` },
  )
}

export const checkSchema = onDatabase(async ({ age }) => judgeSchema(await age()))

/** @param source origin of the key; null: no key was found */
export const judgeKey = (
  source: string | null,
  { opens, fingerprint }: { opens: boolean; fingerprint: string },
): Finding => {
  if (source === null)
    return failed(
      {
        en: 'MASTER_KEY is not set, and there is no key beside the database',
        zh: '未设置 MASTER_KEY，数据库旁也没有密钥文件',
      },
      { en: 'put the key of this database back', zh: '请放回该数据库的密钥' },
    )
  const en = `${source} (fingerprint ${fingerprint})`
  const zh = `${source}（指纹 ${fingerprint}）`
  if (opens) return ok({ en: `${en} opens the database`, zh: `${zh} 可以解密数据库` })
  return failed(
    { en: `${en} does not open this database`, zh: `${zh} 无法解密该数据库` },
    {
      en: 'set MASTER_KEY to the key that it was written with (until rekey has finished, also the previous one as MASTER_KEY_PREVIOUS)',
      zh: '请把 MASTER_KEY 设为写入该数据库的密钥（rekey 未完成时，旧密钥设为 MASTER_KEY_PREVIOUS）',
    },
  )
}

export const checkKey = onDatabase(async ({ opensWithKey, masterKey: fingerprint }, { file, config }) => {
  const beside = `${file}.key`
  const source = config?.storage.masterKey ? 'MASTER_KEY' : existsSync(beside) ? beside : null
  return judgeKey(source, { opens: await opensWithKey(), fingerprint })
})

export const judgeTrouble = (trouble: Trouble, { at, due = 0 }: { at: number; due?: number }): Finding => {
  const wordsIn = (language: Language) => describeTrouble(trouble, language, at, at => formatTime(at, language))
  const [en, zh] = [wordsIn('en'), wordsIn('zh')]
  const { level } = troubleKind(trouble.code)
  const isSevere = level === 'error' || (trouble.code === 'no_service' && due > 0)
  return (isSevere ? failed : level === 'note' ? ok : warning)(
    { en: en.sentence, zh: zh.sentence },
    { en: en.remedy, zh: zh.remedy, command: commandFor(trouble) },
  )
}

/** Returns SQLite's code for what keeps the service from writing; null: nothing that can be seen without a write. */
export const writeErrorOf = (engine: EngineStats, isLocked: boolean): string | null => {
  if (isLocked) return 'SQLITE_BUSY'
  const free = engine.kind === 'sqlite' ? engine.diskFreeBytes : null
  return free !== null && free < FULL_BYTES ? 'SQLITE_FULL' : null
}

/** The troubles that `status` lists, each as a finding. */
export const checkWork = onTables(async inspection => {
  const stats = await inspection.stats()
  const { at, polls, deliveries } = stats
  const isServed = stats.nodes.some(node => isAlive(node, at))
  const writeError = writeErrorOf(stats.engine, inspection.kind === 'sqlite' && inspection.isLocked())
  const found = troublesOf({ stats, isServed, writeError })
    // The checks `space` and `backup` report those.
    .filter(({ code }) => code !== 'disk_low' && code !== 'backup_stale')
    .map(one => judgeTrouble(one, { at, due: polls.due + deliveries.due }))
  return found.length > 0
    ? found
    : ok({ en: 'a service is at work, and nothing is late', zh: '服务正在运行，没有延迟' })
})

/** @param problem why the last backup cannot be restored; null: it can */
export const judgeBackup = (
  last: LastBackup,
  { problem, now, make }: { problem: Pick<BackupError, 'fault' | 'words'> | null; now: number; make: string },
): Finding => {
  const todo = {
    en: 'make one, and keep a copy of it on another disk',
    zh: '请做一次备份，并在另一块磁盘上保留副本',
    command: make,
  }
  const { good } = last
  if (good === null) return warning({ en: 'no backup has ever been made', zh: '从未备份过' }, todo)
  const age = (language: Language) => showSpan(now - good.at, language, Math.floor)
  const en = `the last backup is ${good.path}, ${age('en')} old`
  const zh = `最近的备份为 ${good.path}，距今 ${age('zh')}`
  if (problem !== null) {
    // The file may have been moved on purpose.
    const judge = problem.fault === 'missing' ? warning : failed
    return judge({ en: `${en}: ${problem.words.en}`, zh: `${zh}：${problem.words.zh}` }, todo)
  }
  if ((backupDueAt(last) ?? now) < now) return warning({ en: `${en}: too old`, zh: `${zh}：已过旧` }, todo)
  return ok({ en: `${en}, and opens`, zh: `${zh}，可以打开` })
}

export const checkBackup = onTables(async ({ kind, stats }, facts) => {
  if (kind === 'postgres')
    return skipped({
      en: 'PostgreSQL is backed up with its own tools: check that they run, and try a restore (docs/postgresql.md)',
      zh: 'PostgreSQL 由其自带工具备份：请确认备份在运行，并试一次恢复（见 docs/postgresql.zh-CN.md）',
    })
  const { config, deep, now } = facts
  const last = (await stats()).backup
  const problem = last.good && config ? findBackupProblem(config, last.good.path, { random, deep }) : null
  return judgeBackup(last, { problem, now, make: backupCommand(last.good?.path) })
})
