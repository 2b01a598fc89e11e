import { clock } from '../app/clock-and-ids.ts'
import { runBatches } from '../core/batches.ts'
import { isAlive } from '../store/operators/nodes.ts'
import { resealAll } from '../store/resealing.ts'
import { createPruning } from '../store/retention/retention.ts'
import type { Store } from '../store/store.ts'
import { defineCommand, type OnStore } from './command.ts'
import { fail, wordsOf } from './ending.ts'
import { createProgress } from './progress.ts'

const REKEY_BATCH = 200
/** Pause after each batch, in which a running service has the file to itself. */
const REKEY_PAUSE_MS = 10
const MAX_PRINTED = 50

const prune = async (store: Store, { say, config, audited }: OnStore) => {
  const progress = createProgress()
  const before = store.now() - config.storage.retentionMs
  const batch = createPruning(store.prune, () => before)
  let erased = 0
  const pruned = await audited({ act: 'database.prune' }, () =>
    runBatches(async () => {
      const done = await batch()
      erased += done.count
      progress.count(say({ en: `Erased ${erased} registrations so far …`, zh: `已清除 ${erased} 条登记……` }))
      return done
    }),
  )
  progress.end()
  const text = say({
    en: `Erased ${pruned} registrations with their messages and attempts.`,
    zh: `已清除 ${pruned} 条登记及其消息与投递记录。`,
  })
  return { data: { pruned }, text }
}

/**
 * Each batch is one transaction, so the command may be killed at any point. Until it has ended, every node needs both
 * keys: a node with only the old one would send verdicts without their metadata.
 */
const rekey = async (store: Store, { say, audited }: OnStore) => {
  const { nodes, engine } = await store.stats()
  const others = nodes.filter(node => isAlive(node, store.now()) && node.key !== engine.masterKey)
  const names = others.map(({ name }) => name)
  if (names.length > 0)
    return fail({
      en: `Nothing was moved: ${names.join(', ')} run with another MASTER_KEY and could not read it. Start every node with both keys ("The master key" in docs/backup.md), and run this again.`,
      zh: `未作任何改动：${names.join('、')} 正在使用另一个 MASTER_KEY，将无法读取更换后的值。请先让每个节点以两个密钥启动（见 docs/backup.zh-CN.md 的“主密钥”），再重新运行。`,
    })
  const progress = createProgress()
  const { moved: resealed, unreadable } = await audited({ act: 'database.rekey' }, () =>
    resealAll(store.reseal, {
      size: REKEY_BATCH,
      pause: () => clock.sleep(REKEY_PAUSE_MS),
      onMoved: moved =>
        progress.count(say({ en: `Sealed ${moved} values so far …`, zh: `已改用新密钥加密 ${moved} 个值……` })),
    }),
  )
    .finally(progress.end)
    .catch((error: unknown) => {
      const { en, zh } = wordsOf(error)
      return fail({
        en: `${en}\nRun rekey again: it continues where it stopped. Keep both keys until it has finished.`,
        zh: `${zh}\nrekey 可以重新运行，会从中断处继续；完成之前请保留两个密钥。`,
      })
    })
  const text = [
    say({
      en: `Sealed ${resealed} values under MASTER_KEY. Remove MASTER_KEY_PREVIOUS once every node runs with the new key.`,
      zh: `已将 ${resealed} 个值改用 MASTER_KEY 加密。所有节点都使用新密钥后，请移除 MASTER_KEY_PREVIOUS。`,
    }),
  ]
  if (unreadable.length > 0)
    text.push(
      say({
        en: `${unreadable.length} values can be decrypted with neither key and were left unchanged ("An unreadable value" in docs/operations.md); --json names all:`,
        zh: `${unreadable.length} 个值用两个密钥都无法解密，已原样保留（见 docs/operations.zh-CN.md 的“无法读取的值”）；--json 列出全部：`,
      }),
      ...unreadable.slice(0, MAX_PRINTED).map(({ table, id }) => `  ${table} ${id}`),
    )
  return { data: { resealed, unreadable }, text: text.join('\n') }
}

export const commands = [
  defineCommand({
    path: 'migrate',
    words: {
      en: 'bring the database to the current schema; serve does this too',
      zh: '把数据库升级到当前结构；serve 启动时也会升级',
    },
    changes: true,
    /** Opening the database has migrated it. The audit comes after that, since older schemas may have none. */
    onStore: async (_store, { say, audited, hasMigrated }) => {
      await audited({ act: 'database.migrate' }, async () => {})
      const text = hasMigrated
        ? say({ en: 'The database was changed to the current schema.', zh: '数据库已升级到当前结构。' })
        : say({ en: 'The database is at the current schema already.', zh: '数据库已是当前结构，无需升级。' })
      return { data: { migrated: true }, text }
    },
  }),
  defineCommand({
    path: 'prune',
    words: { en: 'erase what is older than RETENTION, now', zh: '立即清除超过 RETENTION 的数据' },
    changes: true,
    onStore: prune,
  }),
  defineCommand({
    path: 'rekey',
    words: {
      en: 're-encrypt everything sealed with MASTER_KEY_PREVIOUS under MASTER_KEY; if it is stopped or fails, run it again',
      zh: '把以 MASTER_KEY_PREVIOUS 加密的内容改用 MASTER_KEY 加密；中止或失败后可重新运行',
    },
    changes: true,
    onStore: rekey,
  }),
]
