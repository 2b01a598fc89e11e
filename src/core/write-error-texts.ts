import type { Language, Words } from './language.ts'

/** Another session holds locks of PostgreSQL's: of all, or of one table. */
const LOCKED = /^(40\w{3}|55P03|57014)$/

/** What to do where nothing can be written, by what the database calls it. */
const WRITE_REMEDIES: readonly (readonly [error: RegExp, remedy: Words])[] = [
  [
    /^SQLITE_FULL/,
    {
      en: 'Free some space or enlarge the disk, or the quota of the service. Do not stop the service on a full disk.',
      zh: '请清理或扩容磁盘，或调大服务的配额。磁盘写满时不要停止服务。',
    },
  ],
  [
    /^SQLITE_READONLY|^SQLITE_CANTOPEN/,
    {
      en: 'Mount the disk of the database for writing, and give the file, its -wal, its -shm and its folder to the user of the service.',
      zh: '请以可写方式挂载数据库所在磁盘，并确保服务的用户拥有数据库文件、其 -wal 和 -shm 以及所在文件夹。',
    },
  ],
  [
    /^SQLITE_(BUSY|LOCKED)/,
    { en: 'Another process keeps it busy: end it.', zh: '另一进程占用了数据库，请结束该进程。' },
  ],
  [
    /^53100$/,
    { en: 'Make room on the disk of the PostgreSQL server.', zh: '请在 PostgreSQL 服务器的磁盘上腾出空间。' },
  ],
  [
    /^(53300|EXHAUSTED)$/,
    {
      en: 'Raise max_connections of PostgreSQL, or end what keeps its connections.',
      zh: '请调大 PostgreSQL 的 max_connections，或结束占用连接的程序。',
    },
  ],
  [
    /^25006$/,
    {
      en: 'DATABASE_URL leads to a standby, or the server refuses writes: make it lead to the primary.',
      zh: 'DATABASE_URL 指向备库，或服务器拒绝写入：请使其指向主库。',
    },
  ],
  [
    /^(28\w{3}|3D000)$/,
    {
      en: 'PostgreSQL refuses the user, or its password, or has no such database. Was the password changed? Set the new one in DATABASE_URL, and restart each node. Otherwise look at its roles and at pg_hba.conf.',
      zh: 'PostgreSQL 拒绝该用户或其密码，或没有该数据库。若密码已更换，请在 DATABASE_URL 中改为新密码并重启各节点；否则请检查其角色与 pg_hba.conf。',
    },
  ],
  [
    /^42\w{3}$/,
    {
      en: 'PostgreSQL refuses our statements: rights or tables are missing. "idface-notifier doctor" says which.',
      zh: 'PostgreSQL 拒绝执行语句：缺少权限或表。运行 "idface-notifier doctor" 可查明原因。',
    },
  ],
  [
    LOCKED,
    {
      en: 'Another session keeps PostgreSQL busy: "idface-notifier doctor --only locks" names it, and the SQL that ends it.',
      zh: '另一会话占用了 PostgreSQL：运行 "idface-notifier doctor --only locks" 可查出该会话及结束它的 SQL。',
    },
  ],
  [
    /^(08\w{3}|57P\w\d|E[A-Z_]+|LOST|TIMEOUT)$/,
    {
      en: 'PostgreSQL does not answer: look at the server, the network, and a pooler between, where clients may wait for a connection (SHOW POOLS).',
      zh: 'PostgreSQL 没有响应：请检查服务器、网络及其间的连接池（用 SHOW POOLS 查看是否有客户端在等待连接）。',
    },
  ],
]

/** What it means that nothing can be written, or, where somebody holds a lock, not everything. */
export const writeSentence = (error: string, language: Language): string =>
  (LOCKED.test(error)
    ? {
        en: `Another session keeps the database, or a table of it, busy (${error}): registrations may be refused, and what needs it is neither asked nor sent. What is stored is kept.`,
        zh: `另一会话占用了数据库或其中的表（${error}）：新的登记可能被拒绝，受影响的查询和投递会等待。已存储的数据不受影响。`,
      }
    : {
        en: `Nothing can be written into the database (${error}): registrations are refused, and nothing is asked or sent. What is stored is kept.`,
        zh: `数据库无法写入（${error}）：新的登记会被拒绝，不会查询，也不会投递回调。已存储的数据不受影响。`,
      })[language]

export const writeRemedy = (error: string, language: Language): string =>
  WRITE_REMEDIES.find(([errors]) => errors.test(error))?.[1][language] ??
  { en: 'Look into the log of the service, and of the system.', zh: '请查看服务日志和系统日志。' }[language]

/** Where to read more of it. */
export const writeReference = (error: string): Words =>
  error.startsWith('SQLITE_')
    ? {
        en: 'See "Disk full, or read-only" in docs/operations.md.',
        zh: '另见 docs/operations.zh-CN.md 的“磁盘已满或只读”。',
      }
    : { en: 'See "PostgreSQL" in docs/operations.md.', zh: '另见 docs/operations.zh-CN.md 的“PostgreSQL”。' }
