import { type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { doubtsOf, type Problem } from '../../config/read-config.ts'
import { showBytes } from '../../core/show-sizes.ts'
import { freeBytesOf, networkOf } from '../../store/sqlite/file-system.ts'
import { LOW_DISK_BYTES } from '../../store/stats/troubles.ts'
import { VERSION } from '../../version.ts'
import type { DoctorFacts } from './facts.ts'
import { type Finding, failed, ok, quoted, skipped, warning } from './finding.ts'

export const checkSettings = ({ problems, config }: Pick<DoctorFacts, 'problems' | 'config'>): Finding[] => {
  const told = (judge: typeof failed) => (setting: Problem) =>
    judge(
      { en: `${setting.setting}: ${setting.message.en}`, zh: `${setting.setting}：${setting.message.zh}` },
      {
        en: 'correct it where the service gets its settings from',
        zh: '请在服务读取配置处改正',
      },
    )
  const doubts = config ? [...doubtsOf(config)] : []
  const found = [...problems.map(told(failed)), ...doubts.map(told(warning))]
  return found.length > 0
    ? found
    : [ok({ en: 'all settings are valid, and every name is known', zh: '全部配置项有效，无未知名称' })]
}

/** Minimum version: older ones could lose the content of a restarted write-ahead log. */
const SQLITE = '3.51.3'

/** Judges SQLite only: `bin.js` has refused an older Node already. */
export const judgeVersions = (sqlite: string): Finding => {
  const all = `idface-notifier ${VERSION}, Node ${process.versions.node}, SQLite ${sqlite}`
  if (sqlite.localeCompare(SQLITE, 'en', { numeric: true }) >= 0) return ok({ en: all, zh: all })
  return failed(
    {
      en: `${all}: SQLite before ${SQLITE} can lose acknowledged writes`,
      zh: `${all}：SQLite 低于 ${SQLITE} 可能丢失已确认的写入`,
    },
    {
      en: 'install the packages again, as package-lock.json names them',
      zh: '请按 package-lock.json 重新安装依赖',
      command: 'npm ci',
    },
  )
}

export const checkVersions = (): Finding => {
  const client = new Database(':memory:')
  const sqlite = String(client.prepare('SELECT sqlite_version()').pluck().get())
  client.close()
  return judgeVersions(sqlite)
}

/** @param user uid of this process; root may do anything, so it is not compared with the owner */
export const judgeFiles = (
  files: readonly (Pick<Stats, 'uid' | 'mode'> & { path: string })[],
  user: number,
): Finding[] =>
  files.flatMap(({ path, uid, mode }) => {
    const found: Finding[] = []
    if ((mode & 0o077) !== 0)
      found.push(
        failed(
          { en: `${path} can be used by others (0${(mode & 0o777).toString(8)})`, zh: `${path} 可被他人访问` },
          {
            en: 'allow only its owner to read it',
            zh: '仅允许属主访问',
            command: `chmod 600 ${quoted(path)}`,
          },
        ),
      )
    if (user !== 0 && uid !== user)
      found.push(
        failed(
          {
            en: `${path} belongs to user ${uid}, and this command to user ${user}`,
            zh: `${path} 属于用户 ${uid}，当前命令属于用户 ${user}`,
          },
          {
            en: 'run this as the user of the service, or give the file to that user',
            zh: '请以服务所用的用户运行，或把文件改为该用户所有',
            command: `sudo chown ${user} ${quoted(path)}`,
          },
        ),
      )
    return found
  })

export const checkFiles = ({ file }: DoctorFacts): Finding[] => {
  if (file === null) return []
  const files = ['', '-wal', '-shm', '.key', '.lock'].flatMap(suffix => {
    const stat = statSync(`${file}${suffix}`, { throwIfNoEntry: false })
    return stat ? [{ path: `${file}${suffix}`, uid: stat.uid, mode: stat.mode }] : []
  })
  const found = judgeFiles(files, process.getuid?.() ?? 0)
  const network = networkOf(dirname(file))
  if (network !== null)
    found.push(
      failed(
        {
          en: `${file} is on ${network}, where SQLite can lose and damage data`,
          zh: `${file} 位于 ${network}，SQLite 在其上可能丢失或损坏数据`,
        },
        {
          en: 'stop the service, and restore a backup into a folder on a local disk (DATABASE_URL)',
          zh: '请停止服务，把备份恢复到本地磁盘上的文件夹（DATABASE_URL）',
        },
      ),
    )
  if (found.length > 0) return found
  return [
    ok({ en: `${file} is on a local disk, and open to its owner alone`, zh: `${file} 位于本地磁盘，且仅属主可访问` }),
  ]
}

const HARDLY_ANY = 200e6

/** A backup needs as much space as the database, and so does a restore. */
export const judgeSpace = ({ free, used, folder }: { free: number; used: number; folder: string }): Finding => {
  const [left, size] = [showBytes(free), showBytes(used)]
  const en = `${left} are free in ${folder}; the database has ${size}`
  const zh = `${folder} 可用 ${left}，数据库占 ${size}`
  if (free >= Math.max(LOW_DISK_BYTES, used)) return ok({ en, zh })
  const judge = free < HARDLY_ANY ? failed : warning
  const [little, backup] = free < used ? ['too little for a backup, or soon', '不足以备份，'] : ['soon too little', '']
  return judge(
    { en: `${en}: ${little} for registrations`, zh: `${zh}：${backup}写满后将拒绝登记` },
    {
      en: 'remove other files from this disk, or enlarge it; only then shorten RETENTION and erase: that needs space itself',
      zh: '请先清理该磁盘上的其他文件或扩容，再缩短 RETENTION 并清除旧数据：清除本身也需要空间',
      command: `df -h ${quoted(folder)}`,
    },
  )
}

export const checkSpace = ({ file }: DoctorFacts): Finding => {
  const folder = file && dirname(file)
  if (folder === null || !statSync(folder, { throwIfNoEntry: false }))
    return skipped({ en: 'the folder is not there yet', zh: '文件夹尚不存在' })
  const used = statSync(file ?? '', { throwIfNoEntry: false })?.size ?? 0
  return judgeSpace({ free: freeBytesOf(folder), used, folder })
}
