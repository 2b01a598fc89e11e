import { userInfo } from 'node:os'
import { AppError, codeOf, StartError } from '../core/error.ts'
import { postgresCodeOf } from './postgres/failure.ts'
import { sqliteCodeOf } from './sqlite/failure.ts'
import { databaseErrorOf } from './unavailable.ts'

/** What keeps us from the database, and what to do; `{user}` stands for the user of this process. */
const ADVICE: readonly (readonly [codes: RegExp, en: string, zh: string])[] = [
  [
    /^(EACCES|EPERM|SQLITE_CANTOPEN)/,
    '{user} may not open it: give that user the file, its -wal and -shm, and its folder (chown), or name another path',
    '{user} 无法打开它：请把该文件、它的 -wal 和 -shm 及其文件夹的属主改为该用户（chown），或改用其他路径',
  ],
  [
    /^(EROFS|SQLITE_READONLY|25006)/,
    'it is read-only: mount its disk for writing, or, with PostgreSQL, name the primary',
    '它是只读的：请以可写方式挂载其磁盘；若为 PostgreSQL，请改用主库的地址',
  ],
  [
    /^(ENOSPC|EDQUOT|SQLITE_FULL|53[12])/,
    'its disk is full: make room, and start again',
    '磁盘已满：请腾出空间后重新启动',
  ],
  [
    /^SQLITE_(BUSY|LOCKED)/,
    'another process has kept it busy for 10 s: wait until that ends, or end it',
    '另一个进程占用它已超过 10 秒：请等待其结束，或将其结束',
  ],
  [
    /^(55P03|40\w{3}|57014)$/,
    'another session keeps it busy: "idface-notifier doctor --only locks" names who has locked a table, and the SQL that ends that',
    '被另一个会话占用：运行 "idface-notifier doctor --only locks" 可查出谁锁定了表及结束它的 SQL',
  ],
  [
    /^(ECONNREFUSED|ENOENT)$/,
    'nothing is there: correct the path or the address, or start PostgreSQL, or the pooler before it',
    '该处没有数据库：请改正路径或地址，或启动 PostgreSQL 或其前面的连接池',
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    'its host is not found: correct it, or look at the name servers of this machine',
    '找不到该主机：请改正主机名，或检查本机的 DNS',
  ],
  [
    /^28P01$/,
    'it refuses this password: correct it (what is special in it must be percent-encoded, such as %40 for @), or set it with ALTER ROLE … PASSWORD',
    '密码不被接受：请改正（特殊字符须作百分号编码，如 @ 写作 %40），或用 ALTER ROLE … PASSWORD 重设',
  ],
  [
    /^28\w{3}$/,
    'it does not let this user in from here: make the role, and a line for it in pg_hba.conf; where that asks for TLS, add ?sslmode=verify-full',
    '它不允许该用户从此处连接：请创建该角色，并在 pg_hba.conf 中为其添加一行；若其要求 TLS，请加上 ?sslmode=verify-full',
  ],
  [
    /^(NO_TLS|CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/,
    'TLS fails: look at sslmode, at the host that its certificate names, and at sslrootcert=FILE with the certificate of its authority',
    'TLS 连接失败：请检查 sslmode、证书中的主机名，以及 sslrootcert=文件（签发机构的证书）',
  ],
  [
    /^3D000$/,
    'it has no database of this name: make it (CREATE DATABASE), or correct the name',
    '没有这个数据库：请创建（CREATE DATABASE），或改正库名',
  ],
  [
    /^42501$/,
    'this user may not make or use its tables: make it the owner of the database (ALTER DATABASE … OWNER TO …)',
    '该用户无权创建或使用其中的表：请将其设为该数据库的所有者（ALTER DATABASE … OWNER TO …）',
  ],
]
const OTHER = [null, 'look into the log of the database, or of the system', '请查看数据库或系统的日志'] as const

/** No code at all is a bug too; damage has advice of its own. */
const BUG_OR_DAMAGE = /^$|^ERR_(?!TLS)|CORRUPT|NOTADB|^42601$/

/** Over once the server answers, or others have made room or have ended: the next start may work with the same settings. */
const PASSING =
  /^(ENOSPC|EDQUOT|SQLITE_(FULL|BUSY|LOCKED)|ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E(HOST|NET)UNREACH|EPIPE|LOST|TIMEOUT|25006|5[37]\w{3}|55P03|40\w{3}|08\w{3})/

/** SQLite's, PostgreSQL's or the system's; of an error of ours, the one that its message tells. Empty: there is none. */
const reasonCodeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return ''
  if (error instanceof AppError) return databaseErrorOf(error) ?? ''
  if (/server does not support SSL/.test(error.message)) return 'NO_TLS'
  return sqliteCodeOf(error) || postgresCodeOf(error) || String(codeOf(error) ?? '')
}

/** Whether what `explainOpening` has explained may pass by itself. */
export const mayPass = (error: unknown): boolean => error instanceof Error && PASSING.test(reasonCodeOf(error.cause))

const whoWeAre = (): string => {
  try {
    return `${userInfo().username} (uid ${userInfo().uid})`
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

/** What may hold no secret. */
const SHOWN = ['host', 'port']

/** `postgres://USER@HOST/NAME`, for whoever reads it: without the password, and without what else the URL tells the driver. */
export const showAddress = (url: string): string => {
  const { protocol, username, host, pathname, searchParams } = new URL(url)
  const shown = new URLSearchParams([...searchParams].filter(([name]) => SHOWN.includes(name)))
  const query = shown.size === 0 ? '' : `?${decodeURIComponent(shown.toString())}`
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}${query}`
}

/**
 * The error that keeps a database from being opened, as a sentence with the setting or option that names it, its absolute path or its
 * address without the password, and what to do. An error of ours that says so already, or one without a code, stays what it is.
 *
 * @param place the path of a file, or a URL of PostgreSQL
 */
export const explainOpening = (error: unknown, place: string, namedBy = 'DATABASE_URL'): unknown => {
  const code = reasonCodeOf(error)
  if (error instanceof StartError || BUG_OR_DAMAGE.test(code)) return error
  const [, en, zh] = ADVICE.find(([codes]) => codes.test(code)) ?? OTHER
  const isKey = (error as { path?: unknown }).path === `${place}.key`
  const setting = isKey ? 'MASTER_KEY' : namedBy
  const where = isKey ? `${place}.key` : place.startsWith('postgres') ? showAddress(place) : place
  const user = whoWeAre()
  const words = {
    en: `${setting}: ${where} cannot be used (${code}): ${en.replace('{user}', user)}`,
    zh: `${setting}：无法使用 ${where}（${code}）：${zh.replace('{user}', user)}`,
  }
  return new StartError(words, { cause: error })
}
