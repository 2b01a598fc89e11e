import type Database from 'better-sqlite3'
import { StartError } from '../../core/error.ts'
import { MOVED_TO } from '../facts.ts'
import { prepareFacts } from './facts.ts'

/** Throws where the file has been moved to another database: its copy there goes on, and two would ask and send everything twice. */
export const refuseMoved = (client: Database.Database): void => {
  const to = prepareFacts(client).find(MOVED_TO)
  if (to === null) return
  throw new StartError({
    en: `DATABASE_URL: this file was moved to ${to}: name that database. Only to give up what has happened there since, and go on with this file, remove the mark: DELETE FROM meta WHERE key = '${MOVED_TO.name}'`,
    zh: `DATABASE_URL：该文件的数据已迁移到 ${to}：请改用该数据库。只有在决定放弃迁移之后的全部数据、继续使用此文件时，才执行 DELETE FROM meta WHERE key = '${MOVED_TO.name}' 去除标记`,
  })
}
