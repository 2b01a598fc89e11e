import { existsSync } from 'node:fs'
import type { Inspection } from '../../store/sqlite/inspection.ts'
import type { SchemaDrift } from '../../store/sqlite/schema-drift.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, quoted, skipped, todo, warning } from './finding.ts'

type Opened = Pick<Desk, 'inspection' | 'unopened' | 'exists' | 'path'>

/** Runs a check on the database where it can be opened. */
const onDatabase = <F>(desk: Opened, check: (inspection: Inspection) => F): F | Finding => {
  if (desk.inspection) return check(desk.inspection)
  if (desk.unopened !== null)
    return failed(
      `the database cannot be opened: ${desk.unopened.en}`,
      `无法打开数据库：${desk.unopened.zh}`,
      todo('see "A damaged database" in docs/operations.md', '见 docs/operations.zh-CN.md 的“数据库损坏”'),
    )
  if (desk.path === null) return skipped('the settings name no SQLite file', '配置未指定 SQLite 文件')
  return skipped('there is no database yet; the service makes it', '尚无数据库，服务启动时会新建')
}

/** Such a check needs the tables that this version has. */
export const onTables = <F>(desk: Opened, check: (inspection: Inspection) => F): F | Finding =>
  onDatabase(desk, inspection =>
    inspection.age === 'current'
      ? check(inspection)
      : skipped('the schema is not the one of this version', '数据库结构不是当前版本'),
  )

export const judgeDamage = (found: string | null, how: 'quick' | 'deep'): Finding => {
  const name = how === 'deep' ? 'integrity_check' : 'quick_check'
  return found === null
    ? ok(`${name} found nothing wrong`, `${name} 未发现问题`)
    : failed(
        `the database is damaged (${name}: ${found})`,
        `数据库已损坏（${name}：${found}）`,
        todo(
          'stop the service, and restore the last backup ("A damaged database" in docs/operations.md)',
          '请停止服务并恢复最近的备份（见 docs/operations.zh-CN.md 的“数据库损坏”）',
        ),
      )
}

export const checkIntegrity = (desk: Desk): Finding =>
  onDatabase(desk, ({ findDamage }) => {
    const how = desk.deep ? 'deep' : 'quick'
    return judgeDamage(findDamage(how), how)
  })

export const judgeSchema = (
  age: Inspection['age'],
  drift: SchemaDrift | null,
  { path, call }: { path: string; call: string },
): Finding[] => {
  if (age === 'later')
    return [
      failed(
        'the database belongs to a later version of idface-notifier',
        '数据库属于更新版本的 idface-notifier',
        todo(
          'start that version again, or restore a backup from before the upgrade',
          '请重新使用该版本，或恢复升级前的备份',
        ),
      ),
    ]
  if (age !== 'current' || drift === null)
    return [
      warning(
        'the schema is older than this version; the next start brings it up to date',
        '数据库结构低于当前版本，下次启动时会升级',
        todo('back up, then bring it up to date', '请先备份，再升级', `${call} migrate`),
      ),
    ]
  const sql = ({ sql }: { sql: string }) => `sqlite3 ${quoted(path)} ${quoted(`${sql.replaceAll(/\s+/g, ' ')};`)}`
  const findings = [
    ...drift.missing.map(object =>
      failed(
        `${object.name} is missing`,
        `缺少 ${object.name}`,
        todo('stop the service, and make it again', '请停止服务后重建', sql(object)),
      ),
    ),
    ...drift.changed.map(({ name }) =>
      failed(
        `${name} is not as this version makes it`,
        `${name} 与当前版本的定义不同`,
        todo('find out who has changed it; restore a backup from before', '请查明改动来源，并恢复此前的备份'),
      ),
    ),
    ...drift.extra.map(({ name }) =>
      warning(
        `${name} is not ours, and slows writes down`,
        `${name} 不属于本服务，会拖慢写入`,
        todo('remove it, if nobody needs it', '若无人使用，请删除'),
      ),
    ),
  ]
  return findings.length > 0
    ? findings
    : [ok('every table, index and trigger is as this version makes it', '表、索引与触发器均与当前版本一致')]
}

export const checkSchema = (desk: Desk): Finding | Finding[] =>
  onDatabase(desk, ({ age, drift }) =>
    judgeSchema(age, age === 'current' ? drift() : null, { path: desk.path ?? '', call: desk.call }),
  )

export const judgeKey = ({ opens, source }: { opens: boolean; source: string | null }): Finding => {
  if (source === null)
    return failed(
      'MASTER_KEY is not set, and there is no key beside the database',
      '未设置 MASTER_KEY，数据库旁也没有密钥文件',
      todo('put the key of this database back', '请放回该数据库的密钥'),
    )
  if (!opens)
    return failed(
      `${source} does not open this database`,
      `${source} 无法解密该数据库`,
      todo(
        'set MASTER_KEY to the key that it was written with (while rekey has not ended, the one before it as MASTER_KEY_PREVIOUS)',
        '请把 MASTER_KEY 设为写入该数据库的密钥（rekey 未完成时，旧密钥设为 MASTER_KEY_PREVIOUS）',
      ),
    )
  return source === 'MASTER_KEY'
    ? ok(`${source} opens the database`, `${source} 可以解密数据库`)
    : ok(
        `${source} opens the database; keep a copy of it apart from the backups`,
        `${source} 可以解密数据库；请另存一份，并与备份分开存放`,
      )
}

export const checkKey = (desk: Desk): Finding =>
  onDatabase(desk, ({ opensWithKey }) => {
    const beside = `${desk.path}.key`
    const source = desk.config?.storage.masterKey ? 'MASTER_KEY' : existsSync(beside) ? beside : null
    return judgeKey({ opens: opensWithKey, source })
  })
