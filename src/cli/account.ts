import { readFileSync } from 'node:fs'
import { clock, createIds } from '../app/clock-and-ids.ts'
import { decimal, enumOf, matching } from '../config/parsers.ts'
import { API_ID, isTried } from '../core/account.ts'
import { codeOf } from '../core/error.ts'
import { describeFault } from '../core/operator-texts/describe.ts'
import { Secret } from '../core/secret.ts'
import { pausing, REMOVAL_REFUSALS, viewAccount } from '../http/admin/accounts.ts'
import type { Account } from '../store/accounts/rows.ts'
import { isAlive } from '../store/operators/nodes.ts'
import { listAll } from '../store/page.ts'
import type { Store } from '../store/store.ts'
import { anyText, argument, type Common, defineCommand, option, type Pair, partnerOption, required } from './command.ts'
import { quoted } from './doctor/finding.ts'
import { refuse } from './ending.ts'
import { findAccount, findPartner, partnerNames } from './find-partner.ts'
import { answerList } from './output.ts'
import { programCommand } from './program.ts'

const STDIN = 0
const APIKEY = /^[\x21-\x7e]{1,256}$/

const apiId = matching(API_ID, {
  en: 'must be 1 to 128 letters, digits and . _ @ -',
  zh: '须为 1 到 128 个字母、数字或 . _ @ -',
})
const RATE = decimal({ min: 0.001, max: 100_000 })
const ACCOUNT = argument(
  'ACCOUNT',
  ['its APIID, or its id; "account list" shows them', '账户的 APIID 或 id，见 "account list"'],
  apiId,
)

const stateOf = (account: Account, { say, lang }: Common): string => {
  const { pausedAt, pauseReason, pauseCode, unreachableAt, unreachableError: error } = account
  if (pausedAt !== null) {
    const reason =
      pauseReason === null || pauseReason === 'operator'
        ? say('by an operator', '由运维人员暂停')
        : describeFault(pauseReason, lang).sentence
    const tried = isTried(account) ? say(', being tried', '，正在试探') : ''
    return `${say('paused: ', '已暂停：')}${reason}${pauseCode === null ? '' : ` (${pauseCode})`}${tried}`
  }
  return unreachableAt === null ? say('works', '正常') : say(`not reachable (${error})`, `无法连接（${error}）`)
}

/** Reads the APIKEY from a file or stdin: other users of the machine can see a command's arguments. */
const readKey = (file: string): Secret => {
  let text: string
  try {
    text = readFileSync(file === '-' ? STDIN : file, 'utf8').trim()
  } catch (error) {
    const code = codeOf(error)
    return refuse(`--api-key-file ${file} cannot be read (${code})`, `无法读取 --api-key-file ${file}（${code}）`)
  }
  if (APIKEY.test(text)) return new Secret(text)
  return refuse(
    `--api-key-file ${file} must hold the APIKEY alone: 1 to 256 visible ASCII characters`,
    `--api-key-file ${file} 中应只有 APIKEY：1 到 256 个可见 ASCII 字符`,
  )
}

/** Texts of `pause` and `resume`. */
const PAUSING: Readonly<Record<'pause' | 'resume', { words: Pair; told: (apiId: string) => Pair }>> = {
  pause: {
    words: [
      'stop polling with an account until it is resumed; nothing is lost',
      '暂停账户，恢复前不再用它查询；数据不会丢失',
    ],
    told: apiId => {
      const resume = `${programCommand()} account resume ${quoted(apiId)}`
      return [
        `${apiId} is paused: its serials are not polled until you run: ${resume}`,
        `已暂停 ${apiId}，不再用它查询，直到运行：${resume}`,
      ]
    },
  },
  resume: {
    words: [
      'resume an account, slowly at first; one that GetResult refused is tried at once, and resumes when a call succeeds',
      '恢复账户，查询逐步放量；被 GetResult 拒绝的账户立即试探，调用成功后恢复',
    ],
    told: apiId => [`${apiId} is resumed, slowly at first.`, `已恢复 ${apiId}，查询逐步放量。`],
  },
}

/** Waits at most 5 s until a running service has tried the account. Returns its latest state. */
const afterTrial = async (store: Store, resumed: Account): Promise<Account> => {
  const isServed = (await store.listNodes()).some(node => isAlive(node, store.now()))
  let account = resumed
  for (let n = 0; isServed && isTried(account) && n < 25; n++) {
    await clock.sleep(200)
    account = await findAccount(store, account.id)
  }
  return account
}

export const group: Pair = [
  'list, create, pause, resume and remove upstream accounts',
  '列出、新建、暂停、恢复、移除上游账户',
]

export const commands = [
  defineCommand({
    path: 'account list',
    words: ['list the accounts of GetResult, and how they are', '列出 GetResult 账户及其状态'],
    onStore: async (store, input) => {
      const { say, lang } = input
      const accounts = await listAll(store.listAccounts)
      const named = await partnerNames(store, accounts)
      const rows = accounts.map(one => [
        ...[one.apiId, one.id, String(one.rate)],
        ...[one.partnerId === null ? say('all', '全部') : named(one.partnerId), stateOf(one, input)],
        one.pausedAt ?? one.unreachableAt,
      ])
      const head = say('APIID|id|calls/s|partner|state|since', 'APIID|id|每秒查询|合作方|状态|起始时间')
      return answerList(accounts.map(viewAccount), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'account create',
    words: [
      'add an account beside the one of the settings, or restore a removed one with a new key; the key is stored encrypted and never shown',
      '在配置的账户之外新增账户，或以新的 APIKEY 恢复已移除的账户；APIKEY 加密保存，不再显示',
    ],
    args: { apiId: argument('APIID', ['the APIID', '账户的 APIID'], apiId) },
    options: {
      apiKeyFile: required(
        option(
          'FILE',
          ['the file with its APIKEY; - reads it from stdin', '存有 APIKEY 的文件；- 表示从标准输入读取'],
          anyText,
        ),
      ),
      mode: required(
        option('MODE', ['how its password is made', '密码方式'], enumOf(['dynamic', 'static'])),
        'dynamic',
      ),
      rate: option('NUMBER', ['calls a second, instead of UPSTREAM_RATE', '每秒查询次数，代替 UPSTREAM_RATE'], RATE),
      partner: partnerOption(['the only partner that may use it, by name or id', '仅供该合作方（名称或 id）使用']),
    },
    changes: true,
    example: 'account create C12345678 --api-key-file key.txt --rate 20',
    onStore: async (store, input) => {
      const { apiId, apiKeyFile, mode, rate, partner, say, audited } = input
      const apiKey = readKey(apiKeyFile)
      const partnerId = partner && (await findPartner(store, partner)).id
      const added = { id: createIds()('acc'), apiId, apiKey, passwordMode: mode, rate, partnerId }
      const act = { act: 'account.create' as const, object: apiId, after: { account: apiId, mode, rate, partnerId } }
      const account = await audited(act, () => store.createAccount(added))
      if (!account)
        return refuse(
          `The account ${apiId} exists already; to change its key, run "account remove" first.`,
          `账户 ${apiId} 已存在；要更换 APIKEY，请先 "account remove"。`,
        )
      return { data: viewAccount(account), text: say(`Added ${apiId}.`, `已添加 ${apiId}。`) }
    },
  }),
  ...(['pause', 'resume'] as const).map(verb =>
    defineCommand({
      path: `account ${verb}`,
      words: PAUSING[verb].words,
      args: { account: ACCOUNT },
      changes: true,
      example: `account ${verb} C12345678`,
      onStore: async (store, input) => {
        const { account: typed, say, audited } = input
        const before = await findAccount(store, typed)
        const changed = await audited({ act: `account.${verb}`, object: before.id, ...pausing(before, verb) }, () =>
          store[`${verb}Account`](before.id),
        )
        // Null: the account was removed meanwhile.
        const account = await afterTrial(store, changed ?? (await findAccount(store, before.id)))
        const { apiId, pausedAt } = account
        const state = stateOf(account, input)
        const told = (): Pair => {
          if (verb === 'pause') return PAUSING.pause.told(apiId)
          if (pausedAt !== null) return [`${apiId} is not back: ${state}`, `${apiId} 未恢复：${state}`]
          if (before.pausedAt === null) return [`${apiId} was not paused: ${state}`, `${apiId} 未暂停：${state}`]
          return PAUSING.resume.told(apiId)
        }
        if (verb === 'resume' && pausedAt !== null) process.exitCode = 1
        return { data: viewAccount(account), text: say(...told()) }
      },
    }),
  ),
  defineCommand({
    path: 'account remove',
    words: [
      'remove an account: registrations that name it are refused; its waiting serials are still polled, then its key is erased',
      '移除账户，不再接受新登记；已在等待的登记仍会查到结束，之后删除其 APIKEY',
    ],
    args: { account: ACCOUNT },
    changes: true,
    example: 'account remove C12345678',
    onStore: async (store, { account: typed, say, audited }) => {
      const before = await findAccount(store, typed)
      const { id, apiId } = before
      const act = { act: 'account.remove' as const, object: id, before: viewAccount(before), done: 'removed' }
      const outcome = await audited(act, () => store.removeAccount(id))
      if (outcome !== null && outcome !== 'removed') refuse(REMOVAL_REFUSALS[outcome].en, REMOVAL_REFUSALS[outcome].zh)
      const text = say(
        `Removed ${apiId}: its waiting serials are still polled, then its key is erased.`,
        `已移除 ${apiId}：已在等待的登记仍会查到结束，之后删除其 APIKEY。`,
      )
      return { data: { id, account: apiId, removed: true }, text }
    },
  }),
]
