import { readFileSync } from 'node:fs'
import { createIds } from '../app/clock-and-ids.ts'
import { codeOf } from '../core/error.ts'
import type { Language } from '../core/language.ts'
import { Secret } from '../core/secret.ts'
import { REMOVAL_REFUSALS, viewAccount } from '../http/admin/accounts.ts'
import { EXPLAIN_TEXTS } from '../http/partner/explain-texts.ts'
import type { Account, Store } from '../store/store.ts'
import { audited } from './audit.ts'
import { quoted } from './doctor/finding.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { formatTime, listJson, showTable } from './frame/output.ts'
import { callOf } from './frame/program.ts'
import { refuseNoPartner } from './partner.ts'

const PAGE = 250
const STDIN = 0
const APIKEY = /^[\x21-\x7e]{1,256}$/

interface AccountTexts {
  head: string[]
  all: string
  works: string
  paused: (since: string, reason: string) => string
  withCode: (reason: string, code: number) => string
  byOperator: string
  unreachable: (since: string, error: string) => string
  created: (account: string) => string
  /** @param resume the command that ends it */
  pausedNow: (account: string, resume: string) => string
  resumed: (account: string) => string
  removed: (account: string) => string
  noAccount: (account: string) => string
  exists: (account: string) => string
  noFile: (file: string, code: string) => string
  badKey: (file: string) => string
}

const en: AccountTexts = {
  head: ['APIID', 'id', 'calls a second', 'partner', 'state'],
  all: 'all',
  works: 'works',
  paused: (since, reason) => `paused since ${since}: ${reason}`,
  withCode: (reason, code) => `${reason} (${code})`,
  byOperator: 'by an operator',
  unreachable: (since, error) => `not reachable since ${since} (${error})`,
  created: account => `Added ${account}.`,
  pausedNow: (account, resume) => `${account} is paused: nothing is asked with it until you run: ${resume}`,
  resumed: account => `${account} is asked again, slowly at first.`,
  removed: account => `Removed ${account} and its key.`,
  noAccount: account => `There is no account ${account}; "account list" shows them.`,
  exists: account => `There is an account ${account} already.`,
  noFile: (file, code) => `--api-key-file ${file} cannot be read (${code})`,
  badKey: file => `--api-key-file ${file} must hold the APIKEY alone: 1 to 256 visible ASCII characters`,
}

const zh: AccountTexts = {
  head: ['APIID', 'id', '每秒查询', '合作方', '状态'],
  all: '全部',
  works: '正常',
  paused: (since, reason) => `自${since} 起暂停：${reason}`,
  withCode: (reason, code) => `${reason}（${code}）`,
  byOperator: '由运维人员暂停',
  unreachable: (since, error) => `自${since} 起无法连接（${error}）`,
  created: account => `已添加 ${account}。`,
  pausedNow: (account, resume) => `已暂停 ${account}，不再用它查询，直到运行：${resume}`,
  resumed: account => `已恢复 ${account}，查询从低速开始。`,
  removed: account => `已移除 ${account} 及其 APIKEY。`,
  noAccount: account => `没有账户 ${account}；可用 "account list" 查看。`,
  exists: account => `账户 ${account} 已存在。`,
  noFile: (file, code) => `无法读取 --api-key-file ${file}（${code}）`,
  badKey: file => `--api-key-file ${file} 中应只有 APIKEY：1 到 256 个可见 ASCII 字符`,
}

const TEXTS: Readonly<Record<Language, AccountTexts>> = { en, zh }

export const listAccounts = ({ json, lang }: Common): Promise<void> =>
  withStore(lang, async store => {
    const accounts = await allAccounts(store)
    if (json) return print(listJson(accounts.map(viewAccount)))
    const { head, all } = TEXTS[lang]
    const rows = accounts.map(one => [one.apiId, one.id, String(one.rate), one.partnerId ?? all, stateOf(one, lang)])
    print(showTable(head, rows, lang))
  })

const stateOf = (account: Account, lang: Language): string => {
  const { works, paused, withCode, byOperator, unreachable } = TEXTS[lang]
  const { pausedAt, pauseReason, pauseCode, unreachableAt, unreachableError } = account
  if (pausedAt !== null) {
    const reason =
      pauseReason === null || pauseReason === 'operator' ? byOperator : EXPLAIN_TEXTS[lang].pauseReason[pauseReason]
    return paused(formatTime(pausedAt, lang), pauseCode === null ? reason : withCode(reason, pauseCode))
  }
  return unreachableAt === null ? works : unreachable(formatTime(unreachableAt, lang), unreachableError ?? '?')
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
    if (partner !== null && !(await store.findPartner(partner))) refuseNoPartner(partner, lang)
    const id = createIds()('acc')
    const added = { id, apiId, apiKey, passwordMode: mode, rate, partnerId: partner }
    const act = { act: 'account.create', object: id, reason }
    const account = (await audited(store, act, () => store.createAccount(added))) ?? refuse(texts.exists(apiId))
    print(json ? JSON.stringify(viewAccount(account)) : texts.created(apiId))
  })
}

/** Not an option of its own: others on the machine can see what a command was started with. */
const readKey = (file: string, texts: AccountTexts): Secret => {
  let text: string
  try {
    text = readFileSync(file === '-' ? STDIN : file, 'utf8').trim()
  } catch (error) {
    return refuse(texts.noFile(file, String(codeOf(error))))
  }
  return APIKEY.test(text) ? new Secret(text) : refuse(texts.badKey(file))
}

export const pauseAccount = (input: Common & { account: string }): Promise<void> =>
  change(input, (store, id) => store.pauseAccount(id), { act: 'account.pause', said: 'pausedNow' })

export const resumeAccount = (input: Common & { account: string }): Promise<void> =>
  change(input, (store, id) => store.resumeAccount(id), { act: 'account.resume', said: 'resumed' })

export const removeAccount = ({ account: name, json, lang, reason }: Common & { account: string }): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const { id, apiId } = (await store.findAccount(name)) ?? refuse(texts.noAccount(name))
    const outcome = await audited(
      store,
      { act: 'account.remove', object: id, reason },
      () => store.removeAccount(id),
      ended => ended === 'removed',
    )
    if (outcome !== null && outcome !== 'removed') refuse(REMOVAL_REFUSALS[outcome][lang])
    print(json ? JSON.stringify({ id, account: apiId, removed: true }) : texts.removed(apiId))
  })

const change = (
  { account: name, json, lang, reason }: Common & { account: string },
  verb: (store: Store, id: string) => Promise<Account | null>,
  { act, said }: { act: string; said: 'pausedNow' | 'resumed' },
): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const found = (await store.findAccount(name)) ?? refuse(texts.noAccount(name))
    const changed = await audited(store, { act, object: found.id, reason }, () => verb(store, found.id))
    const account = changed ?? refuse(texts.noAccount(name))
    const resume = `${callOf(process.env)} account resume ${quoted(account.apiId)}`
    print(json ? JSON.stringify(viewAccount(account)) : texts[said](account.apiId, resume))
  })

const allAccounts = async (store: Store): Promise<Account[]> => {
  const accounts: Account[] = []
  for (;;) {
    const page = await store.listAccounts({ limit: PAGE, after: accounts.at(-1)?.id ?? null })
    accounts.push(...page)
    if (page.length < PAGE) return accounts
  }
}
