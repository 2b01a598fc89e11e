import { readFileSync } from 'node:fs'
import { clock } from '../app/clock-and-ids.ts'
import { decimal, enumOf, matching } from '../config/parsers.ts'
import { API_ID } from '../core/account.ts'
import { codeOf } from '../core/error.ts'
import { describeFault } from '../core/operator-texts/describe.ts'
import { type AccountAnswer, API_KEY, API_KEY_RULE, viewAccount } from '../http/admin/accounts.ts'
import type { CallAdminApi } from '../http/command-api.ts'
import { isAlive } from '../store/operators/nodes.ts'
import { listAll } from '../store/page.ts'
import type { Store } from '../store/store.ts'
import { anyText, argument, type Common, defineCommand, option, partnerOption, required } from './command.ts'
import { quoted } from './doctor/finding.ts'
import { refuse } from './ending.ts'
import { findPartner, partnerNames } from './find-partner.ts'
import { answerList } from './output.ts'
import { programCommand } from './program.ts'

const STDIN = 0

const apiId = matching(API_ID, {
  en: 'must be 1 to 128 letters, digits and . _ @ -',
  zh: '须为 1 到 128 个字母、数字或 . _ @ -',
})
const RATE = decimal({ min: 0.001, max: 100_000 })
const ACCOUNT = argument(
  'ACCOUNT',
  { en: 'its APIID, or its id; "account list" shows them', zh: '账户的 APIID 或 id，见 "account list"' },
  apiId,
)

const stateOf = (account: AccountAnswer, { say, lang }: Common): string => {
  const { paused, reason, code, tried, reachable, error } = account
  if (!paused)
    return reachable
      ? say({ en: 'works', zh: '正常' })
      : say({ en: `no usable answer (${error})`, zh: `无有效响应（${error}）` })
  const why =
    reason === null || reason === 'operator'
      ? say({ en: 'by an operator', zh: '由运维人员暂停' })
      : describeFault(reason, lang).sentence
  return `${say({ en: 'paused: ', zh: '已暂停：' })}${why}${code === null ? '' : ` (${code})`}${tried ? say({ en: ', being tried', zh: '，正在试探' }) : ''}`
}

/** Reads the APIKEY from a file or stdin: other users of the machine can see a command's arguments. */
const readKey = (file: string): string => {
  let key = ''
  try {
    key = readFileSync(file === '-' ? STDIN : file, 'utf8').trim()
  } catch (error) {
    const code = codeOf(error)
    refuse({ en: `--api-key-file ${file} cannot be read (${code})`, zh: `无法读取 --api-key-file ${file}（${code}）` })
  }
  const { en, zh } = API_KEY_RULE
  if (!API_KEY.test(key))
    refuse({ en: `the content of --api-key-file ${file} ${en}`, zh: `--api-key-file ${file} 的内容${zh}` })
  return key
}

/** Words of `pause` and `resume`. */
const PAUSING = {
  pause: {
    en: 'stop polling with an account until it is resumed; nothing is lost',
    zh: '暂停账户，恢复前不再用它查询；数据不会丢失',
  },
  resume: {
    en: 'resume an account, slowly at first; one that GetResult refused is tried at once, and resumes when a call succeeds',
    zh: '恢复账户，查询逐步放量；被 GetResult 拒绝的账户立即试探，调用成功后恢复',
  },
}

/** Waits at most 5 s until a running service has tried the account. Returns its latest state. */
const afterTrial = async (store: Store, call: CallAdminApi, resumed: AccountAnswer): Promise<AccountAnswer> => {
  const isServed = (await store.listNodes()).some(node => isAlive(node, store.now()))
  let account = resumed
  for (let n = 0; isServed && account.tried && n < 25; n++) {
    await clock.sleep(200)
    account = await call('GET /v1/admin/accounts/:id', { id: account.id })
  }
  return account
}

export const group = {
  en: 'list, create, pause, resume and remove upstream accounts',
  zh: '列出、新建、暂停、恢复、移除上游账户',
}

export const commands = [
  defineCommand({
    path: 'account list',
    words: { en: 'list the accounts of GetResult, and how they are', zh: '列出 GetResult 账户及其状态' },
    onStore: async (store, input) => {
      const { say, lang } = input
      const accounts = (await listAll(store.listAccounts)).map(viewAccount)
      const named = await partnerNames(store, accounts)
      const rows = accounts.map(one => [
        ...[one.account, one.id, String(one.rate)],
        ...[one.partnerId === null ? say({ en: 'all', zh: '全部' }) : named(one.partnerId), stateOf(one, input)],
        one.since && Date.parse(one.since),
      ])
      const head = say({ en: 'APIID|id|calls/s|partner|state|since', zh: 'APIID|id|每秒查询|合作方|状态|起始时间' })
      return answerList(accounts, { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'account create',
    words: {
      en: 'add an account beside the one of the settings, or restore a removed one with a new key; the key is stored encrypted and never shown',
      zh: '在配置的账户之外新增账户，或以新的 APIKEY 恢复已移除的账户；APIKEY 加密保存，不再显示',
    },
    args: { apiId: argument('APIID', { en: 'the APIID', zh: '账户的 APIID' }, apiId) },
    options: {
      apiKeyFile: required(
        option('FILE', anyText, {
          en: 'the file with its APIKEY; - reads it from stdin',
          zh: '存有 APIKEY 的文件；- 表示从标准输入读取',
        }),
      ),
      mode: required(
        option('MODE', enumOf(['dynamic', 'static']), { en: 'how its password is made', zh: '密码方式' }),
        'dynamic',
      ),
      rate: option('NUMBER', RATE, {
        en: 'calls a second, instead of UPSTREAM_RATE',
        zh: '每秒查询次数，代替 UPSTREAM_RATE',
      }),
      partner: partnerOption({
        en: 'the only partner that may use it, by name or id',
        zh: '仅供该合作方（名称或 id）使用',
      }),
    },
    changes: true,
    example: 'account create C12345678 --api-key-file key.txt --rate 20',
    onStore: async (store, input) => {
      const { apiId, apiKeyFile, mode, rate, partner, say, call } = input
      const partnerId = partner && (await findPartner(store, partner)).id
      const body = { account: apiId, apiKey: readKey(apiKeyFile), mode, rate, partnerId }
      const account = await call('POST /v1/admin/accounts', { body })
      return { data: account, text: say({ en: `Added ${apiId}.`, zh: `已添加 ${apiId}。` }) }
    },
  }),
  ...(['pause', 'resume'] as const).map(verb =>
    defineCommand({
      path: `account ${verb}`,
      words: PAUSING[verb],
      args: { account: ACCOUNT },
      changes: true,
      example: `account ${verb} C12345678`,
      onStore: async (store, input) => {
        const { account: id, say, call } = input
        const before = await call('GET /v1/admin/accounts/:id', { id })
        const changed = await call(`POST /v1/admin/accounts/:id/${verb}`, { id: before.id })
        const account = await afterTrial(store, call, changed)
        const { account: apiId, paused } = account
        const state = stateOf(account, input)
        const told = (): string => {
          const resume = `${programCommand()} account resume ${quoted(apiId)}`
          if (verb === 'pause')
            return say({
              en: `${apiId} is paused: its serials are not polled until you run: ${resume}`,
              zh: `已暂停 ${apiId}，不再用它查询，直到运行：${resume}`,
            })
          if (paused) return say({ en: `${apiId} is not back: ${state}`, zh: `${apiId} 未恢复：${state}` })
          if (!before.paused) return say({ en: `${apiId} was not paused: ${state}`, zh: `${apiId} 未暂停：${state}` })
          return say({ en: `${apiId} is resumed, slowly at first.`, zh: `已恢复 ${apiId}，查询逐步放量。` })
        }
        if (verb === 'resume' && paused) process.exitCode = 1
        return { data: account, text: told() }
      },
    }),
  ),
  defineCommand({
    path: 'account remove',
    words: {
      en: 'remove an account: registrations that name it are refused; its waiting serials are still polled, then its key is erased',
      zh: '移除账户，不再接受新登记；已在等待的登记仍会查到结束，之后删除其 APIKEY',
    },
    args: { account: ACCOUNT },
    changes: true,
    example: 'account remove C12345678',
    onStore: async (store, { account: typed, say, call }) => {
      const { id, account: apiId, reason } = await call('GET /v1/admin/accounts/:id', { id: typed })
      await call('DELETE /v1/admin/accounts/:id', { id })
      const waiting = (await store.stats()).accounts.find(one => one.id === id)?.waiting ?? 0
      const pause = reason === 'operator' ? say({ en: ' The pause ends with it.', zh: '暂停随之结束。' }) : ''
      const text = say({
        en: `Removed ${apiId}.${pause} ${waiting === 0 ? 'No serial waits for it; its key is erased after a day.' : `Its waiting serials, ${waiting}, are still polled, then its key is erased; "status" shows how many are left.`}`,
        zh: `已移除 ${apiId}。${pause}${waiting === 0 ? '没有等待的流水号，其 APIKEY 一天后删除。' : `等待中的 ${waiting} 个流水号会继续查询到结束，之后删除其 APIKEY；剩余数量见 status。`}`,
      })
      return { data: { id, account: apiId, removed: true, waiting }, text }
    },
  }),
]
