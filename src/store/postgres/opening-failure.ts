import { AppError, StartError } from '../../core/error.ts'
import { postgresCodeOf, toldCodeOf } from './failure.ts'

/** What is known by its words alone: the driver gives it no code, or PostgreSQL one that says less. */
const BY_WORDS: readonly (readonly [words: RegExp, code: string])[] = [
  [/server does not support SSL/, 'NO_TLS'],
  [/\bno encryption\b|\bSSL off\b/, 'TLS_NEEDED'],
]

/** What keeps us from the database, and what to do. */
const ADVICE: readonly (readonly [codes: RegExp, en: string, zh: string])[] = [
  [
    /^(ECONNREFUSED|ENOENT)$/,
    'nothing listens there: start PostgreSQL, or the pooler before it, or correct host and port (and its listen_addresses)',
    '该地址没有服务在监听：请启动 PostgreSQL 或其前面的连接池，或改正主机与端口（并检查其 listen_addresses）',
  ],
  [
    /^NO_CERTIFICATE$/,
    'a file that sslrootcert, sslcert or sslkey names cannot be read: correct its path, which is one of this machine',
    '无法读取 sslrootcert、sslcert 或 sslkey 指定的文件：请改正路径（须为本机上的文件）',
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    'its host is not found: correct it, or look at the name servers of this machine',
    '找不到该主机：请改正主机名，或检查本机的 DNS',
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|LOST|TIMEOUT)$/,
    'it does not answer: look at the server, the network, and a firewall between',
    '没有响应：请检查服务器、网络及两者之间的防火墙',
  ],
  [
    /^28P01$/,
    'it refuses this password: correct it (what is special in it must be percent-encoded, such as %40 for @), or set it with ALTER ROLE … PASSWORD',
    '密码不被接受：请改正（特殊字符须作百分号编码，如 @ 写作 %40），或用 ALTER ROLE … PASSWORD 重设',
  ],
  [
    /^TLS_NEEDED$/,
    'it lets nobody in without TLS: add ?sslmode=verify-full (and &sslrootcert=FILE where its certificate is of an own authority)',
    '它只接受 TLS 连接：请加上 ?sslmode=verify-full（证书由自建机构签发时再加 &sslrootcert=文件）',
  ],
  [
    /^NO_TLS$/,
    'it has no TLS, which sslmode asks for: turn TLS on there, or, in a network that you trust, take sslmode out',
    '它未启用 TLS，而 sslmode 要求 TLS：请在服务器上启用；若网络可信，也可去掉 sslmode',
  ],
  [
    /^(CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/,
    'its certificate is not trusted, or is for another host: add &sslrootcert=FILE with the certificate of its authority, and name the host that the certificate names',
    '其证书不受信任或不属于该主机：请用 &sslrootcert=文件 指定签发机构的证书，并使用证书中的主机名',
  ],
  [
    /^28\w{3}$/,
    'it does not let this user in from here: make the role, and a line for it in pg_hba.conf',
    '它不允许该用户从此处连接：请创建该角色，并在 pg_hba.conf 中为其添加一行',
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
  [/^25006$/, 'it is read-only, as a standby is: name the primary', '它是只读的（例如备库）：请改用主库的地址'],
  [/^57P0\d$/, 'it is starting or stopping: start again in a moment', '它正在启动或停止：请稍后再启动'],
  [
    /^53300$/,
    'it has no connection left: end what does not need one, or raise max_connections',
    '连接数已用完：请结束不需要的连接，或调大 max_connections',
  ],
  [/^53\w{3}$/, 'its disk or memory is full: make room there', '其磁盘或内存已满：请腾出空间'],
  [
    /^(55P03|40\w{3}|57014)$/,
    'another session keeps it busy: wait until that has ended, or end it; "idface-notifier doctor --only locks" names who has locked a table, and the SQL that ends that',
    '被另一个会话占用：请等待其结束，或将其结束；运行 "idface-notifier doctor --only locks" 可查出谁锁定了表及结束它的 SQL',
  ],
  [
    /^08\w{3}$/,
    'it, or the pooler before it, ends the connection: look into its log',
    '它或其前面的连接池断开了连接：请查看其日志',
  ],
]

/** What is over once the server is there, has room, or has become the primary. */
const PASSING =
  /^(ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|LOST|TIMEOUT|25006|57\w{3}|53\w{3}|55P03|40\w{3}|08\w{3})$/

/** PostgreSQL's, Node's, or one of `BY_WORDS`. Of an error of ours, the one that its message tells. */
const reasonCodeOf = (error: unknown): string => {
  if (error instanceof AppError) return toldCodeOf(error) ?? ''
  if (!(error instanceof Error)) return ''
  const { syscall } = error as NodeJS.ErrnoException
  if (syscall === 'open') return 'NO_CERTIFICATE'
  // Of a file, not of a connection.
  if (syscall !== undefined && !/^(connect|getaddrinfo|read|write)/.test(syscall)) return ''
  return BY_WORDS.find(([words]) => words.test(error.message))?.[1] ?? postgresCodeOf(error)
}

/** Whether what `explainConnecting` has explained may pass by itself. */
export const mayPassByItself = (cause: unknown): boolean => PASSING.test(reasonCodeOf(cause))

/**
 * The error that keeps us from the database, as a sentence that says who names it, the address without its password, and what to do.
 * An error that says all of that already, or that nobody foresaw, stays what it is.
 *
 * @param namedBy the setting or option that has the address
 */
export const explainConnecting = (error: unknown, url: string, namedBy = 'DATABASE_URL'): unknown => {
  const code = reasonCodeOf(error)
  const advice = ADVICE.find(([codes]) => codes.test(code))
  if (error instanceof StartError || advice === undefined) return error
  const [, en, zh] = advice
  const where = showAddress(url)
  const words = {
    en: `${namedBy}: ${where} cannot be used (${code}): ${en}`,
    zh: `${namedBy}：无法使用 ${where}（${code}）：${zh}`,
  }
  return new StartError(words, { cause: error })
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
