import { MINUTE, SECOND } from '../../core/duration.ts'
import { showSpan } from '../../core/show-sizes.ts'
import type { LockHolder, OpenTransaction, ServerFacts, TableFacts } from '../../store/postgres/server-facts.ts'
import { onPostgres } from './database.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, quoted, todo, warning } from './finding.ts'

/** Statements for the operator's psql, which knows where the database is; each is a transaction of its own. */
const psql = (...statements: readonly string[]): string =>
  `psql ${statements.map(sql => `-c ${quoted(sql)}`).join(' ')}`

const NOTICEABLE_MS = 5 * SECOND

type Server = Omit<ServerFacts, 'settings' | 'connections' | 'connectionLimit'> & { isReadOnly: boolean }

export const judgeServer = (server: Server): Finding[] => {
  const { version, user, database, foreignTables, clockAheadMs } = server
  const wrong: Finding[] = []
  if (server.isStandby || server.isReadOnly)
    wrong.push(
      failed(
        `the server is ${server.isStandby ? 'a standby' : 'read-only (default_transaction_read_only)'}: nothing can be written`,
        `该服务器${server.isStandby ? '是备库' : '是只读的（default_transaction_read_only）'}：无法写入`,
        todo('make DATABASE_URL lead to the primary', '请使 DATABASE_URL 指向主库'),
      ),
    )
  if (!server.mayCreate || foreignTables.length > 0)
    wrong.push(
      failed(
        `user ${user} may not make or change the tables${foreignTables.length > 0 ? ` (${foreignTables.join(', ')})` : ''}, which each new version of the schema needs`,
        `用户 ${user} 无权创建或修改表${foreignTables.length > 0 ? `（${foreignTables.join('、')}）` : ''}，而数据库结构升级需要此权限`,
        todo('make it the owner', '请将其设为所有者', psql(`ALTER DATABASE "${database}" OWNER TO "${user}"`)),
      ),
    )
  if (Math.abs(clockAheadMs) > NOTICEABLE_MS) {
    const span = { en: showSpan(Math.abs(clockAheadMs), 'en'), zh: showSpan(Math.abs(clockAheadMs), 'zh') }
    wrong.push(
      warning(
        `the clock here is ${span.en} ${clockAheadMs > 0 ? 'behind' : 'ahead of'} the database's, which decides what is due`,
        `本机时钟比数据库${clockAheadMs > 0 ? '慢' : '快'} ${span.zh}，而何时到期以数据库时钟为准`,
        todo('have both machines keep their clocks right', '请让两台机器自动校时', 'sudo timedatectl set-ntp true'),
      ),
    )
  }
  if (wrong.length > 0) return wrong
  const how = { en: server.isEncrypted ? ', over TLS' : '', zh: server.isEncrypted ? '（TLS）' : '' }
  const through = { en: server.isPooled ? ', through a pooler' : '', zh: server.isPooled ? '，经连接池' : '' }
  return [
    ok(
      `PostgreSQL ${version}, database ${database} as user ${user}${how.en}${through.en}`,
      `PostgreSQL ${version}，数据库 ${database}，用户 ${user}${how.zh}${through.zh}`,
    ),
  ]
}

export const checkServer = (desk: Desk) =>
  onPostgres(desk, async ({ server }) => {
    const facts = await server()
    return judgeServer({ ...facts, isReadOnly: facts.settings.default_transaction_read_only === 'on' })
  })

/** What must be on, so that a power cut takes nothing back that was acknowledged. */
const DURABLE = ['fsync', 'full_page_writes'] as const

export const judgeDurability = (settings: ServerFacts['settings']): Finding[] => {
  const off = DURABLE.filter(name => settings[name] !== 'on')
  const wrong = off.map(name =>
    failed(
      `${name} is off: a crash of the server can damage the database, or lose what was acknowledged`,
      `${name} 已关闭：服务器崩溃时可能损坏数据库，或丢失已确认的数据`,
      todo('turn it on', '请打开', psql(`ALTER SYSTEM SET ${name} = on`, 'SELECT pg_reload_conf()')),
    ),
  )
  if (wrong.length > 0) return wrong
  const { synchronous_commit: commit } = settings
  const overruled = ['off', 'local'].includes(commit)
  return [
    ok(
      `fsync and full_page_writes are on; synchronous_commit is ${commit}${overruled ? ', and our transactions set it on for themselves' : ''}`,
      `fsync 与 full_page_writes 已打开；synchronous_commit 为 ${commit}${overruled ? '，本服务的事务会自行将其打开' : ''}`,
    ),
  ]
}

export const checkDurability = (desk: Desk) =>
  onPostgres(desk, async ({ server }) => judgeDurability((await server()).settings))

/** Fewer are normal between two runs of autovacuum. */
const MANY_DEAD_ROWS = 50_000

export const judgeVacuum = (
  settings: Pick<ServerFacts['settings'], 'autovacuum' | 'track_counts'>,
  tables: readonly TableFacts[],
): Finding[] => {
  const off = (['autovacuum', 'track_counts'] as const).filter(name => settings[name] !== 'on')
  const findings = [
    ...off.map(name =>
      failed(
        `${name} is off: dead rows are never removed, and claims get slower and slower`,
        `${name} 已关闭：失效的行永远不会清除，取任务会越来越慢`,
        todo('turn it on', '请打开', psql(`ALTER SYSTEM SET ${name} = on`, 'SELECT pg_reload_conf()')),
      ),
    ),
    ...judgeOptions(tables.filter(({ missing }) => missing.length > 0)),
    ...tables
      .filter(({ deadRows, liveRows }) => deadRows > MANY_DEAD_ROWS && deadRows > liveRows)
      .map(({ name, deadRows, liveRows }) =>
        warning(
          `${name} has some ${deadRows} dead rows beside ${liveRows}: autovacuum does not keep up, or a transaction keeps them`,
          `${name} 约有 ${deadRows} 行失效、${liveRows} 行有效：autovacuum 跟不上，或有事务阻止清除`,
          todo(
            'end what the check transactions names, then',
            '请先结束检查项 transactions 指出的事务，再运行',
            psql(`VACUUM (ANALYZE) "${name}"`),
          ),
        ),
      ),
  ]
  if (findings.length > 0) return findings
  return [ok('autovacuum is on, and set for each of our tables', 'autovacuum 已打开，且各表参数正确')]
}

/** Who has lost them has lost them of all tables, as a rule: all are told in one line. */
const judgeOptions = (tables: readonly TableFacts[]): Finding[] => {
  if (tables.length === 0) return []
  const names = tables.map(({ name }) => name)
  return [
    warning(
      `the autovacuum of ${names.join(', ')} is not set as our migrations set it`,
      `${names.join('、')} 的 autovacuum 参数与本服务的设置不同`,
      todo(
        'set it again',
        '请重新设置',
        psql(...tables.map(({ name, missing }) => `ALTER TABLE "${name}" SET (${missing.join(', ')})`)),
      ),
    ),
  ]
}

export const checkVacuum = (desk: Desk) =>
  onPostgres(desk, async ({ server, tables }) => judgeVacuum((await server()).settings, await tables()))

const LONG_MS = 10 * MINUTE

export const judgeTransactions = (
  transactions: readonly OpenTransaction[],
  { seesOthers, user }: Pick<ServerFacts, 'seesOthers' | 'user'>,
): Finding[] => {
  const long = transactions.filter(({ openMs }) => openMs === null || openMs > LONG_MS)
  const findings = long.map(judgeTransaction)
  if (findings.length > 0) return findings
  return seesOthers
    ? [ok('no transaction keeps dead rows for long', '没有长时间阻止清除失效行的事务')]
    : [
        warning(
          `no transaction of ${user} keeps dead rows for long; those of other users cannot be seen`,
          `用户 ${user} 没有长事务；其他用户的事务无法查看`,
          todo('let it see them', '请允许其查看', psql(`GRANT pg_read_all_stats TO "${user}"`)),
        ),
      ]
}

const judgeTransaction = ({ kind, name, user, application, openMs }: OpenTransaction): Finding => {
  const span = (language: 'en' | 'zh') => showSpan(openMs ?? 0, language)
  switch (kind) {
    case 'session':
      return warning(
        `a transaction of ${user ?? '?'} (${application || 'no name'}, pid ${name}) has been open for ${span('en')}: dead rows are kept, and claims get slower`,
        `${user ?? '?'} 的事务（${application || '未命名'}，pid ${name}）已持续 ${span('zh')}：失效的行无法清除，取任务变慢`,
        todo('end it, if it is not needed', '若不需要，请结束它', psql(`SELECT pg_terminate_backend(${name})`)),
      )
    case 'prepared':
      return warning(
        `the prepared transaction ${name} of ${user ?? '?'} has been left for ${span('en')}: dead rows are kept`,
        `${user ?? '?'} 的两阶段事务 ${name} 已遗留 ${span('zh')}：失效的行无法清除`,
        todo('undo it, if nobody will commit it', '若无人提交，请回滚', psql(`ROLLBACK PREPARED '${name}'`)),
      )
    case 'slot':
      return warning(
        `the replication slot ${name} is not used, and keeps dead rows or the log of the server`,
        `复制槽 ${name} 未被使用，却阻止清除失效的行或服务器日志`,
        todo(
          'drop it, if its standby is gone',
          '若其备库已不存在，请删除',
          psql(`SELECT pg_drop_replication_slot('${name}')`),
        ),
      )
  }
}

export const checkTransactions = (desk: Desk) =>
  onPostgres(desk, async ({ server, transactions }) => judgeTransactions(await transactions(), await server()))

/** Shorter ones are those of a migration, or of a statement that is just under way. */
const LOCKED_MS = 2 * SECOND

export const judgeLocks = (holders: readonly LockHolder[]): Finding[] => {
  const findings = holders.flatMap(({ pid, user, application, openMs, isInTheWay }) => {
    if (openMs !== null && openMs <= LOCKED_MS) return []
    const who = `${user ?? '?'} (${application || 'no name'}, pid ${pid})`
    const whoZh = `${user ?? '?'}（${application || '未命名'}，pid ${pid}）`
    const span = openMs === null ? null : { en: showSpan(openMs, 'en'), zh: showSpan(openMs, 'zh') }
    const judge = isInTheWay ? failed : warning
    return [
      judge(
        `${who} keeps locked what it has read or written${span ? ` in a transaction of ${span.en}` : ''}: ${isInTheWay ? 'others wait for it' : 'nobody waits for it now'}`,
        `${whoZh}在其事务${span ? `（已 ${span.zh}）` : ''}中持有锁：${isInTheWay ? '其他会话正在等待' : '目前没有会话在等待'}`,
        todo('end it, if it is not needed', '若不需要，请结束它', psql(`SELECT pg_terminate_backend(${pid})`)),
      ),
    ]
  })
  return findings.length > 0 ? findings : [ok('no session keeps others waiting for a lock', '没有会话让其他会话等待锁')]
}

export const checkLocks = (desk: Desk) => onPostgres(desk, async ({ lockHolders }) => judgeLocks(await lockHolders()))

/** What a node takes: for calls, for its loops, for what it hears of others. */
const OF_A_NODE = 11

export const judgeConnections = ({
  settings,
  connections,
  connectionLimit,
  isPooled,
}: Pick<ServerFacts, 'settings' | 'connections' | 'connectionLimit' | 'isPooled'>): Finding => {
  const most = Number(settings.max_connections) - Number(settings.superuser_reserved_connections)
  const limit = Math.min(most, connectionLimit ?? most)
  const en = `${connections} of ${limit} connections are in use; a node takes up to ${OF_A_NODE}`
  const zh = `${limit} 个连接中已用 ${connections} 个；每个节点最多占用 ${OF_A_NODE} 个`
  // A pooler shares few among many.
  if (isPooled || limit - connections >= 2 * OF_A_NODE) return ok(en, zh)
  return warning(
    `${en}: there is hardly room for one more node`,
    `${zh}：几乎无法再增加节点`,
    todo(
      'raise max_connections, or put a pooler before it',
      '请调大 max_connections，或在其前面使用连接池',
      psql('SHOW max_connections'),
    ),
  )
}

export const checkConnections = (desk: Desk) => onPostgres(desk, async ({ server }) => judgeConnections(await server()))
