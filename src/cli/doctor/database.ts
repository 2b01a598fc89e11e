import { existsSync } from 'node:fs'
import type { Inspection } from '../../store/inspection.ts'
import type { PostgresInspection } from '../../store/postgres/inspection.ts'
import type { SchemaFacts } from '../../store/postgres/server-facts.ts'
import type { SchemaAge } from '../../store/schema-age.ts'
import type { SqliteInspection } from '../../store/sqlite/inspection.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, skipped, todo, warning } from './finding.ts'

type Opened = Pick<Desk, 'inspection' | 'unopened' | 'exists' | 'path' | 'engine' | 'call'>

/** Runs a check on the database where it can be opened. */
const onDatabase = <F>(desk: Opened, check: (inspection: Inspection) => F): F | Finding => {
  if (desk.inspection) return check(desk.inspection)
  if (desk.unopened !== null)
    return failed(
      `the database cannot be opened: ${desk.unopened.en}`,
      `无法打开数据库：${desk.unopened.zh}`,
      desk.engine === 'postgres'
        ? todo('see "PostgreSQL" in docs/operations.md', '见 docs/operations.zh-CN.md 的“PostgreSQL”')
        : todo('see "A damaged database" in docs/operations.md', '见 docs/operations.zh-CN.md 的“数据库损坏”'),
    )
  if (desk.engine === null) return skipped('the settings name no database', '配置未指定数据库')
  return skipped('there is no database yet; the service makes it', '尚无数据库，服务启动时会新建')
}

/** Which session that is, another check tells. */
export const lockedOut = (call: string): Finding =>
  failed(
    'another session has locked a table that this check reads',
    '该项检查要读取的表被另一会话锁定',
    todo(
      'this names the session, and the statement that ends it',
      '运行以下命令可查出该会话及结束它的语句',
      `${call} doctor --only locks`,
    ),
  )

const NO_TABLES = skipped('there are no tables yet; the service makes them', '尚无表，服务启动时会新建')

/** Such a check needs the tables that this version has. */
export const onTables = <F>(desk: Opened, check: (inspection: Inspection) => F): F | Finding =>
  onDatabase(desk, inspection =>
    inspection.age === 'current' ? check(inspection) : notCurrent(inspection.age, desk.call),
  )

const notCurrent = (age: Inspection['age'], call: string): Finding => {
  if (age === null) return lockedOut(call)
  if (age === 'new') return NO_TABLES
  return skipped('the schema is not the one of this version', '数据库结构不是当前版本')
}

const NO_SQLITE = skipped('the settings name no SQLite file', '配置未指定 SQLite 文件')
const NO_POSTGRES = skipped('the settings name no PostgreSQL database', '配置未指定 PostgreSQL 数据库')

const onSqlite = <F>(desk: Opened, check: (inspection: SqliteInspection) => F): F | Finding =>
  onDatabase(desk, inspection => (inspection.kind === 'sqlite' ? check(inspection) : NO_SQLITE))

/** Runs a check on a PostgreSQL database, whatever its schema. */
export const onPostgres = <F>(desk: Opened, check: (inspection: PostgresInspection) => F): F | Finding =>
  desk.engine === 'sqlite'
    ? NO_POSTGRES
    : onDatabase(desk, inspection => (inspection.kind === 'postgres' ? check(inspection) : NO_POSTGRES))

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
  onSqlite(desk, ({ findDamage }) => {
    const how = desk.deep ? 'deep' : 'quick'
    return judgeDamage(findDamage(how), how)
  })

const LATER = failed(
  'the database belongs to a later version of idface-notifier',
  '数据库属于更新版本的 idface-notifier',
  todo('start that version again, or restore a backup from before the upgrade', '请重新使用该版本，或恢复升级前的备份'),
)

const olderSchema = (call: string): Finding =>
  warning(
    'the schema is older than this version; the next start brings it up to date',
    '数据库结构低于当前版本，下次启动时会升级',
    todo('back up, then bring it up to date', '请先备份，再升级', `${call} migrate`),
  )

const HALF_MOVED = failed(
  'a move into this database has not ended, so part of the file may be missing, and no node starts',
  '向该数据库的迁移尚未完成：文件中的部分数据可能还不在其中，节点无法启动',
  todo('run the same "move" again, which goes on where it was', '请再次运行同样的 move 命令，它会从中断处继续'),
)

/** @param schema null: it is not the current one */
export const judgePostgresSchema = (age: SchemaAge, schema: SchemaFacts | null, call: string): Finding | Finding[] => {
  if (age === 'new') return NO_TABLES
  if (age === 'later') return LATER
  if (schema === null) return olderSchema(call)
  const findings = [
    ...schema.missing.map(name =>
      failed(
        `${name} is missing`,
        `缺少 ${name}`,
        todo(
          'find out who has dropped it, and restore what was there before (a backup, or its statement in migrations/postgres)',
          '请查明是谁删除的，并从备份或 migrations/postgres 中的语句恢复',
        ),
      ),
    ),
    ...schema.invalid.map(name =>
      failed(
        `the index ${name} is invalid, so nothing uses it`,
        `索引 ${name} 无效，不会被使用`,
        name.includes('_ccnew')
          ? todo(
              'drop what a rebuilding has left',
              '请删除重建时遗留的索引',
              `psql -c 'DROP INDEX CONCURRENTLY "${name}"'`,
            )
          : todo('build it again', '请重建', `psql -c 'REINDEX INDEX CONCURRENTLY "${name}"'`),
      ),
    ),
  ]
  const { missingTriggers } = schema
  if (missingTriggers.length > 0)
    findings.push(
      failed(
        `triggers of the counts are missing or off, so what waits is counted wrong: ${missingTriggers.join(', ')}`,
        `计数触发器缺失或已停用，等待数量的统计会出错：${missingTriggers.join('、')}`,
        todo(
          'turn on those that are off; make those that are missing again by the statement in migrations/postgres, and find out who did it',
          '请启用已停用的；缺失的请用 migrations/postgres 中的语句重建，并查明来源',
          `psql ${[...new Set(missingTriggers.map(name => name.split('_counted_at_')[0]))].map(table => `-c 'ALTER TABLE "${table}" ENABLE TRIGGER USER'`).join(' ')}`,
        ),
      ),
    )
  return findings.length > 0
    ? findings
    : ok('every table, index and trigger is there, and valid', '表、索引与触发器齐全且有效')
}

export const judgeSchema = (age: SchemaAge, call: string): Finding => {
  if (age === 'later') return LATER
  if (age !== 'current') return olderSchema(call)
  return ok('the schema is the one of this version', '数据库结构与当前版本一致')
}

export const checkSchema = (desk: Desk) =>
  onDatabase(desk, async inspection => {
    const { age } = inspection
    if (age === null) return lockedOut(desk.call)
    if (inspection.kind === 'postgres')
      return inspection.isHalfMoved
        ? HALF_MOVED
        : judgePostgresSchema(age, age === 'current' ? await inspection.schema() : null, desk.call)
    return judgeSchema(age, desk.call)
  })

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
    if (opensWithKey === null) return lockedOut(desk.call)
    const beside = `${desk.path}.key`
    const source = desk.config?.storage.masterKey ? 'MASTER_KEY' : existsSync(beside) ? beside : null
    return judgeKey({ opens: opensWithKey, source })
  })
