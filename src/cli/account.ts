import { readFileSync } from 'node:fs'
import { createIds } from '../app/clock-and-ids.ts'
import { codeOf } from '../core/error.ts'
import type { Language } from '../core/language.ts'
import { Secret } from '../core/secret.ts'
import { REMOVAL_REFUSALS, viewAccount } from '../http/admin/accounts.ts'
import { EXPLAIN_TEXTS } from '../http/partner/explain-texts.ts'
import { listAll } from '../store/list-all.ts'
import type { Account } from '../store/store.ts'
import { audited } from './audit.ts'
import { quoted } from './doctor/finding.ts'
import { print, refuse, withStore } from './environment.ts'
import { findAccount, findPartner, partnerNames } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { listJson, showTable } from './frame/output.ts'
import { callOf } from './frame/program.ts'

const STDIN = 0
const APIKEY = /^[\x21-\x7e]{1,256}$/

const TEXTS = {
  en: {
    head: ['APIID', 'id', 'calls/s', 'partner', 'state', 'since'],
    all: 'all',
    works: 'works',
    paused: (reason: string) => `paused: ${reason}`,
    byOperator: 'by an operator',
    unreachable: (error: string) => `not reachable (${error})`,
    created: (account: string) => `Added ${account}.`,
    pause: (account: string, resume: string) =>
      `${account} is paused: nothing is asked with it until you run: ${resume}`,
    resume: (account: string) => `${account} is asked again, slowly at first.`,
    removed: (account: string) => `Removed ${account}: what waits for it is still asked, then its key is erased.`,
    exists: (account: string) => `There is an account ${account} already; "account remove" it to change its key.`,
    noFile: (file: string, code: string) => `--api-key-file ${file} cannot be read (${code})`,
    badKey: (file: string) => `--api-key-file ${file} must hold the APIKEY alone: 1 to 256 visible ASCII characters`,
  },
  zh: {
    head: ['APIID', 'id', '每秒查询', '合作方', '状态', '起始时间'],
    all: '全部',
    works: '正常',
    paused: (reason: string) => `已暂停：${reason}`,
    byOperator: '由运维人员暂停',
    unreachable: (error: string) => `无法连接（${error}）`,
    created: (account: string) => `已添加 ${account}。`,
    pause: (account: string, resume: string) => `已暂停 ${account}，不再用它查询，直到运行：${resume}`,
    resume: (account: string) => `已恢复 ${account}，查询逐步放量。`,
    removed: (account: string) => `已移除 ${account}：已在等待的登记仍会查到结束，之后删除其 APIKEY。`,
    exists: (account: string) => `账户 ${account} 已存在；要更换 APIKEY，请先 "account remove"。`,
    noFile: (file: string, code: string) => `无法读取 --api-key-file ${file}（${code}）`,
    badKey: (file: string) => `--api-key-file ${file} 中应只有 APIKEY：1 到 256 个可见 ASCII 字符`,
  },
}

export const listAccounts = ({ json, lang }: Common): Promise<void> =>
  withStore(lang, async store => {
    const accounts = await listAll(store.listAccounts)
    if (json) return print(listJson(accounts.map(viewAccount)))
    const { head, all } = TEXTS[lang]
    const named = await partnerNames(store, accounts)
    const rows = accounts.map(one => [
      ...[one.apiId, one.id, String(one.rate), one.partnerId === null ? all : named(one.partnerId)],
      ...[stateOf(one, lang), one.pausedAt ?? one.unreachableAt],
    ])
    print(showTable(head, rows, lang))
  })

const stateOf = ({ pausedAt, pauseReason, pauseCode, unreachableAt, unreachableError }: Account, lang: Language) => {
  const { works, paused, byOperator, unreachable } = TEXTS[lang]
  if (pausedAt === null) return unreachableAt === null ? works : unreachable(unreachableError ?? '?')
  const { [pauseReason ?? 'operator']: reason } = { ...EXPLAIN_TEXTS[lang].pauseReason, operator: byOperator }
  return paused(pauseCode === null ? reason : `${reason} (${pauseCode})`)
}

interface NewInput extends Common {
  apiId: string
  apiKeyFile: string
  mode: 'dynamic' | 'static'
  rate: number | null
  partner: string | null
}

export const createAccount = ({
  apiId,
  apiKeyFile,
  mode,
  rate,
  partner,
  json,
  lang,
  reason,
}: NewInput): Promise<void> => {
  const texts = TEXTS[lang]
  const apiKey = readKey(apiKeyFile, texts)
  return withStore(lang, async store => {
    const partnerId = partner && (await findPartner(store, partner, lang)).id
    const id = createIds()('acc')
    const added = { id, apiId, apiKey, passwordMode: mode, rate, partnerId }
    const act = { act: 'account.create', object: apiId, reason, after: { account: apiId, mode, rate, partnerId } }
    const account = (await audited(store, act, () => store.createAccount(added))) ?? refuse(texts.exists(apiId))
    print(json ? JSON.stringify(viewAccount(account)) : texts.created(apiId))
  })
}

/** Not an option of its own: others on the machine can see what a command was started with. */
const readKey = (file: string, texts: (typeof TEXTS)[Language]): Secret => {
  let text: string
  try {
    text = readFileSync(file === '-' ? STDIN : file, 'utf8').trim()
  } catch (error) {
    return refuse(texts.noFile(file, String(codeOf(error))))
  }
  return APIKEY.test(text) ? new Secret(text) : refuse(texts.badKey(file))
}

export const pauseAccount = (input: Common & { account: string }): Promise<void> => change(input, 'pause')

export const resumeAccount = (input: Common & { account: string }): Promise<void> => change(input, 'resume')

export const removeAccount = ({ account: name, json, lang, reason }: Common & { account: string }): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const before = await findAccount(store, name, lang)
    const { id, apiId } = before
    const outcome = await audited(
      store,
      { act: 'account.remove', object: id, reason, before: viewAccount(before) },
      () => store.removeAccount(id),
      ended => ended === 'removed',
    )
    if (outcome !== null && outcome !== 'removed') refuse(REMOVAL_REFUSALS[outcome][lang])
    print(json ? JSON.stringify({ id, account: apiId, removed: true }) : texts.removed(apiId))
  })

const change = (
  { account: name, json, lang, reason }: Common & { account: string },
  verb: 'pause' | 'resume',
): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const before = await findAccount(store, name, lang)
    const edit = { before: viewAccount(before), after: { paused: verb === 'pause' } }
    const act = { act: `account.${verb}`, object: before.id, reason, ...edit }
    const changed = await audited(store, act, () => store[`${verb}Account`](before.id))
    // Null: somebody has removed it since.
    const account = changed ?? (await findAccount(store, before.id, lang))
    const resume = `${callOf(process.env)} account resume ${quoted(account.apiId)}`
    print(json ? JSON.stringify(viewAccount(account)) : texts[verb](account.apiId, resume))
  })
