import { MINUTE, SECOND } from '../../core/duration.ts'
import { showSpan } from '../../core/show-sizes.ts'
import type { ServerFacts, SessionFacts } from '../../store/postgres/server-facts.ts'
import { onPostgres } from './facts.ts'
import { type Finding, failed, ok, quoted, warning } from './finding.ts'

/** Statements for the operator's psql, which knows the database's address; each runs in its own transaction. */
const psql = (...statements: readonly string[]): string =>
  `psql ${statements.map(sql => `-c ${quoted(sql)}`).join(' ')}`

export const judgeServer = ({
  version,
  user,
  off,
  isReadOnly,
  isPooled,
  receivesNotifications,
}: ServerFacts): Finding[] => {
  const wrong = off.map(name => {
    const { en, zh } = name.includes('autovacuum')
      ? {
          en: 'dead rows are never removed, and claims get slower and slower',
          zh: '失效的行永远不会清除，取任务会越来越慢',
        }
      : {
          en: 'a crash of the server can damage the database, or lose acknowledged data',
          zh: '服务器崩溃时可能损坏数据库，或丢失已确认的数据',
        }
    const turnOn = psql(`ALTER SYSTEM SET ${name} = on`, 'SELECT pg_reload_conf()')
    return failed(
      { en: `${name} is off: ${en}`, zh: `${name} 已关闭：${zh}` },
      { en: 'turn it on', zh: '请打开', command: turnOn },
    )
  })
  if (isReadOnly)
    wrong.push(
      failed(
        { en: 'the server is a standby or read-only: nothing can be written', zh: '该服务器是备库或只读的：无法写入' },
        {
          en: 'point DATABASE_URL to the primary',
          zh: '请使 DATABASE_URL 指向主库',
        },
      ),
    )
  if (!receivesNotifications)
    wrong.push(
      warning(
        {
          en: 'LISTEN does not work through this pooler: other nodes learn of new work within a second instead of at once',
          zh: '经此连接池无法使用 LISTEN：其他节点要在一秒内才得知新任务，而非立即',
        },
        {
          en: 'use session pooling, or connect to the server directly',
          zh: '请让连接池保持会话（session 模式），或直连服务器',
        },
      ),
    )
  if (wrong.length > 0) return wrong
  const { en, zh } = isPooled ? { en: ', through a pooler', zh: '，经连接池' } : { en: '', zh: '' }
  return [ok({ en: `PostgreSQL ${version} as user ${user}${en}`, zh: `PostgreSQL ${version}，用户 ${user}${zh}` })]
}

const HEARD_WITHIN_MS = 2 * SECOND

export const checkServer = onPostgres(async ({ server }) =>
  judgeServer(await server(AbortSignal.timeout(HEARD_WITHIN_MS))),
)

const LONG_MS = 10 * MINUTE

export const judgeTransactions = (
  sessions: readonly SessionFacts[],
  { seesOthers, user }: Pick<ServerFacts, 'seesOthers' | 'user'>,
): Finding[] => {
  const found = sessions
    .filter(({ openMs }) => openMs === null || openMs > LONG_MS)
    .map(({ name, openMs, endsWith }) =>
      warning(
        {
          en: `${name} has kept dead rows from being removed${openMs === null ? '' : ` for ${showSpan(openMs, 'en')}`}: claims get slower`,
          zh: `${name} ${openMs === null ? '' : `已 ${showSpan(openMs, 'zh')} `}使失效的行无法清除：取任务变慢`,
        },
        { en: 'end it, if it is not needed', zh: '若不需要，请结束它', command: psql(endsWith) },
      ),
    )
  if (found.length > 0) return found
  if (seesOthers) return [ok({ en: 'no transaction keeps dead rows for long', zh: '没有长时间阻止清除失效行的事务' })]
  return [
    warning(
      {
        en: `no transaction of ${user} keeps dead rows for long; those of other users cannot be seen`,
        zh: `用户 ${user} 没有长事务；其他用户的事务无法查看`,
      },
      { en: 'let it see them', zh: '请允许其查看', command: psql(`GRANT pg_read_all_stats TO "${user}"`) },
    ),
  ]
}

export const checkTransactions = onPostgres(async ({ server, transactions }) =>
  judgeTransactions(await transactions(), await server(AbortSignal.abort())),
)

/** Minimum age of reported locks. Younger ones belong to a migration or a running statement. */
const LOCKED_MS = 2 * SECOND

export const judgeLocks = (sessions: readonly SessionFacts[]): Finding[] => {
  const found = sessions
    .filter(({ openMs }) => openMs === null || openMs > LOCKED_MS)
    .map(({ name, openMs, isInTheWay, endsWith }) =>
      (isInTheWay ? failed : warning)(
        {
          en: `${name} holds locks${openMs === null ? '' : ` for ${showSpan(openMs, 'en')}`}: ${isInTheWay ? 'others wait for it' : 'no other waits for it now'}`,
          zh: `${name} ${openMs === null ? '' : `已 ${showSpan(openMs, 'zh')} `}持有锁：${isInTheWay ? '其他会话正在等待' : '目前没有会话在等待'}`,
        },
        { en: 'end it, if it is not needed', zh: '若不需要，请结束它', command: psql(endsWith) },
      ),
    )
  return found.length > 0
    ? found
    : [ok({ en: 'no session keeps others waiting for a lock', zh: '没有会话让其他会话等待锁' })]
}

export const checkLocks = onPostgres(async ({ lockHolders }) => judgeLocks(await lockHolders()))
