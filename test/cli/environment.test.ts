import { expect, test } from 'vitest'
import { reasonOf } from '../../src/cli/environment.ts'
import { describeFailure } from '../../src/store/sqlite/failure.ts'
import { unavailable } from '../../src/store/unavailable.ts'

const refused = (code: string) => unavailable(describeFailure(Object.assign(new Error('SQL'), { code })))

test('a command on a full disk, such as prune, said what is wrong, and not what to do', () => {
  const full = refused('SQLITE_FULL')
  expect(reasonOf(full, 'en')).toBe(
    'the database cannot be used now (its disk is full: SQLITE_FULL): free some space or enlarge the disk, then run this again; to erase takes room too',
  )
  expect(reasonOf(full, 'zh')).toBe(
    '数据库暂时无法使用（磁盘已满：SQLITE_FULL）：请先清理或扩容磁盘，再重新运行；删除数据也需要空间',
  )
  expect(reasonOf(refused('SQLITE_READONLY'), 'en')).toBe(
    'the database cannot be used now (it is read-only: SQLITE_READONLY)',
  )
})
