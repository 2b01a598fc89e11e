import { clock } from '../app/clock-and-ids.ts'
import type { Language } from '../core/language.ts'
import { resealAll } from '../store/resealing.ts'
import { isThere } from '../store/rules/nodes.ts'
import { runBatches } from '../worker/background-job.ts'
import { audited, recordDone } from './audit.ts'
import { fail, loadConfig, print, reasonOf, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { createProgress } from './progress.ts'

const PRUNE_BATCH = 100
const REKEY_BATCH = 200
/** A service beside it has the file to itself for this long after each batch. */
const REKEY_PAUSE_MS = 10
const MOST_PRINTED = 50

const en = {
  migrated: 'The database is at the current schema.',
  pruning: (count: number) => `Erased ${count} registrations so far …`,
  resealing: (count: number) => `Sealed ${count} values so far; may be stopped and run again …`,
  again: 'rekey can be run again, and goes on where it was; until it has ended, keep both keys.',
  pruned: (count: number) => `Erased ${count} registrations with their messages and attempts.`,
  resealed: (count: number) =>
    `Sealed ${count} values under MASTER_KEY. Remove MASTER_KEY_PREVIOUS once every node runs with the new key.`,
  unreadable: (count: number) =>
    `${count} values open under neither key and were left as they are ("An unreadable value" in docs/operations.md):`,
  more: '  and more, which --json names',
  otherKey: (nodes: readonly string[]) =>
    `Nothing was moved: ${nodes.join(', ')} could not read it, running with another MASTER_KEY. Start every node with both keys ("The master key" in docs/operations.md), and run this again.`,
}

const zh: typeof en = {
  migrated: '数据库已是当前结构。',
  pruning: count => `已清除 ${count} 条登记……`,
  resealing: count => `已改用新密钥加密 ${count} 个值，可随时中止后重新运行……`,
  again: 'rekey 可以重新运行，会从中断处继续；完成之前请保留两个密钥。',
  pruned: count => `已清除 ${count} 条登记及其消息与投递记录。`,
  resealed: count => `已将 ${count} 个值改用 MASTER_KEY 加密。所有节点都使用新密钥后，请移除 MASTER_KEY_PREVIOUS。`,
  unreadable: count =>
    `${count} 个值用两个密钥都无法解密，已原样保留（见 docs/operations.zh-CN.md 的“无法读取的值”）：`,
  more: '  其余见 --json',
  otherKey: nodes =>
    `未作任何改动：${nodes.join('、')} 正在使用另一个 MASTER_KEY，将无法读取更换后的值。请先让每个节点以两个密钥启动（见 docs/operations.zh-CN.md 的“主密钥”），再重新运行。`,
}

const TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }

/** Opening the database has migrated it: only then it surely has an audit. */
export const migrate = ({ json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    await recordDone(store, { act: 'database.migrate', reason })
    print(json ? JSON.stringify({ migrated: true }) : TEXTS[lang].migrated)
  })

export const prune = ({ json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const { retentionMs } = loadConfig('database', lang).storage
    const progress = createProgress()
    let done = 0
    const batch = async (size: number): Promise<number> => {
      const count = await store.prune(store.now() - retentionMs, size)
      done += count
      progress.count(TEXTS[lang].pruning, done)
      return count
    }
    const pruned = await audited(store, { act: 'database.prune', reason }, () =>
      runBatches(batch, { size: PRUNE_BATCH }),
    )
    progress.end()
    print(json ? JSON.stringify({ pruned }) : TEXTS[lang].pruned(pruned))
  })

/**
 * Each batch is one transaction, so this may be killed anywhere. Both keys are needed until it has ended, by every node: one that has only
 * the old one would tell verdicts without their metadata.
 */
export const rekey = ({ json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const { nodes, engine } = await store.stats()
    const others = nodes.filter(node => isThere(node, store.now()) && node.key !== engine.masterKey)
    if (others.length > 0) return fail(TEXTS[lang].otherKey(others.map(({ name }) => name)))
    const progress = createProgress()
    const { moved: resealed, unreadable } = await audited(store, { act: 'database.rekey', reason }, () =>
      resealAll(store.reseal, {
        size: REKEY_BATCH,
        pause: () => clock.sleep(REKEY_PAUSE_MS),
        onMoved: moved => progress.count(TEXTS[lang].resealing, moved),
      }),
    )
      .finally(progress.end)
      .catch((error: unknown) => fail(`${reasonOf(error, lang)}\n${TEXTS[lang].again}`))
    if (json) return print(JSON.stringify({ resealed, unreadable }))
    const texts = TEXTS[lang]
    print(texts.resealed(resealed))
    if (unreadable.length === 0) return
    print(texts.unreadable(unreadable.length))
    for (const { table, id } of unreadable.slice(0, MOST_PRINTED)) print(`  ${table} ${id}`)
    if (unreadable.length > MOST_PRINTED) print(texts.more)
  })
