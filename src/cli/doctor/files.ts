import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { showBytes } from '../../core/show-sizes.ts'
import { LOW_DISK_BYTES } from '../../store/rules/troubles.ts'
import { freeBytesOf, networkOf } from '../../store/sqlite/file-system.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, quoted, skipped, todo, warning } from './finding.ts'

export interface FileFacts {
  path: string
  uid: number
  mode: number
}

const NO_SQLITE = skipped('the settings name no SQLite file', '配置未指定 SQLite 文件')

/** @param user who runs this; root may do anything, so it is not compared with the owner */
export const judgeFiles = (
  files: readonly FileFacts[],
  { user, folderUid }: { user: number; folderUid: number },
): Finding[] => {
  const [database] = files
  if (!database) return [ok('there is no database yet; the service makes it', '尚无数据库，服务启动时会新建')]
  const open = files
    .filter(({ mode }) => (mode & 0o077) !== 0)
    .map(({ path, mode }) => {
      const shown = `0${(mode & 0o777).toString(8)}`
      return failed(
        `${path} can be used by others (${shown})`,
        `${path} 可被他人访问（${shown}）`,
        todo('give it to its owner alone', '仅允许属主访问', `chmod 600 ${quoted(path)}`),
      )
    })
  const foreign = files
    .filter(({ uid }) => uid !== database.uid || (user !== 0 && uid !== user))
    .map(({ path, uid }) =>
      failed(
        `${path} belongs to user ${uid}, and ${uid !== database.uid ? 'the database' : 'this command'} to user ${uid !== database.uid ? database.uid : user}`,
        `${path} 属于用户 ${uid}，而${uid !== database.uid ? '数据库' : '当前命令'}属于用户 ${uid !== database.uid ? database.uid : user}`,
        uid !== database.uid
          ? todo(
              'give it to the owner of the database',
              '请改为与数据库相同的属主',
              `sudo chown ${database.uid} ${quoted(path)}`,
            )
          : todo('run this as the user of the service', '请以服务所用的用户运行', `sudo -u '#${uid}' …`),
      ),
    )
  const elsewhere =
    folderUid !== database.uid && folderUid !== 0
      ? [
          warning(
            `the folder of ${database.path} belongs to user ${folderUid}, who can replace the database`,
            `${database.path} 所在文件夹属于用户 ${folderUid}，该用户可替换数据库`,
            todo(
              'give the folder to the same user',
              '请把文件夹改为同一属主',
              `sudo chown ${database.uid} ${quoted(dirname(database.path))}`,
            ),
          ),
        ]
      : []
  const findings = [...open, ...foreign, ...elsewhere]
  const only = `${database.path} and what is beside it are open to user ${database.uid} alone`
  return findings.length > 0 ? findings : [ok(only, `${database.path} 及相关文件仅用户 ${database.uid} 可访问`)]
}

export const checkFiles = ({ path, exists }: Desk): Finding[] => {
  if (path === null) return [NO_SQLITE]
  const paths = exists ? [path, ...['-wal', '-shm', '.key', '.lock'].map(suffix => `${path}${suffix}`)] : []
  const files = paths.flatMap(file => {
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat ? [{ path: file, uid: stat.uid, mode: stat.mode }] : []
  })
  const folder = statSync(dirname(path), { throwIfNoEntry: false })
  const user = process.getuid?.() ?? 0
  return judgeFiles(files, { user, folderUid: folder?.uid ?? user })
}

export const judgeDisk = (path: string, network: string | null): Finding =>
  network === null
    ? ok(`${path} is on a local disk`, `${path} 位于本地磁盘`)
    : failed(
        `${path} is on ${network}, where SQLite can lose and damage data`,
        `${path} 位于 ${network}，SQLite 在其上可能丢失或损坏数据`,
        todo(
          'stop the service, and restore a backup into a folder on a local disk (DATABASE_URL)',
          '请停止服务，把备份恢复到本地磁盘上的文件夹（DATABASE_URL）',
        ),
      )

export const checkDisk = ({ path }: Desk): Finding =>
  path === null ? NO_SQLITE : judgeDisk(path, networkOf(dirname(path)))

const HARDLY_ANY = 200e6

/** A backup needs as much as the database has, and so does a restore. */
export const judgeSpace = ({ free, used, folder }: { free: number; used: number; folder: string }): Finding => {
  const [left, size] = [showBytes(free), showBytes(used)]
  const en = `${left} are free in ${folder}; the database has ${size}`
  const zh = `${folder} 可用 ${left}，数据库占 ${size}`
  if (free >= Math.max(LOW_DISK_BYTES, used)) return ok(en, zh)
  const more = todo(
    'make room, or erase what is older than a shorter RETENTION',
    '请腾出空间，或缩短 RETENTION 后清除旧数据',
    `df -h ${quoted(folder)}`,
  )
  if (free < HARDLY_ANY)
    return failed(`${en}: on a full disk registrations are refused`, `${zh}：磁盘写满后将拒绝登记`, more)
  return warning(
    `${en}: not enough for a backup beside it or for its log`,
    `${zh}：不足以在旁边存放备份或容纳日志`,
    more,
  )
}

export const checkSpace = ({ path }: Desk): Finding => {
  if (path === null) return NO_SQLITE
  const folder = dirname(path)
  if (!statSync(folder, { throwIfNoEntry: false }))
    return skipped(`the folder ${folder} is not there yet`, `文件夹 ${folder} 尚不存在`)
  return judgeSpace({ free: freeBytesOf(folder), used: statSync(path, { throwIfNoEntry: false })?.size ?? 0, folder })
}
