import { API_ID } from '../../core/account.ts'
import type { Words } from '../../core/language.ts'
import { defineCommand, type Reading, type Section } from '../frame/command.ts'
import { argument, choiceOption, option, partnerOption, required, textOption, withDefault } from '../frame/options.ts'

const readApiId = (text: string): Reading<string> =>
  API_ID.test(text)
    ? { ok: true, value: text }
    : {
        ok: false,
        must: { en: 'must be 1 to 128 letters, digits and . _ @ -', zh: '须为 1 到 128 个字母、数字或 . _ @ -' },
      }

const readRate = (text: string): Reading<number> => {
  const value = Number(text)
  return /^\d+(\.\d+)?$/.test(text) && value >= 0.001 && value <= 100_000
    ? { ok: true, value }
    : {
        ok: false,
        must: {
          en: 'must be a number of calls a second, from 0.001 to 100000',
          zh: '须为每秒查询次数，0.001 到 100000',
        },
      }
}

const ACCOUNT = argument(
  'ACCOUNT',
  { en: 'its APIID, or its id; "account list" shows them', zh: '账户的 APIID 或 id，见 "account list"' },
  readApiId,
)

export const ACCOUNT_GROUPS: Readonly<Record<string, Words>> = {
  account: {
    en: 'list, create, pause, resume and remove upstream accounts',
    zh: '列出、新建、暂停、恢复、移除上游账户',
  },
}

export const ACCOUNTS: Section = {
  title: { en: 'Upstream accounts:', zh: '上游账户：' },
  commands: [
    defineCommand({
      path: 'account list',
      words: { en: 'list the accounts of GetResult, and how they are', zh: '列出 GetResult 账户及其状态' },
      printsData: true,
      example: 'account list',
      load: async () => (await import('../account.ts')).listAccounts,
    }),
    defineCommand({
      path: 'account create',
      words: {
        en: 'add an account beside the one of the settings, or bring back a removed one with a new key; the key is stored encrypted and never shown',
        zh: '在配置的账户之外新增账户，或以新的 APIKEY 恢复已移除的账户；APIKEY 加密保存，不再显示',
      },
      args: { apiId: argument('APIID', { en: 'the APIID', zh: '账户的 APIID' }, readApiId) },
      options: {
        apiKeyFile: required(
          textOption('FILE', {
            en: 'the file with its APIKEY; - reads it from stdin',
            zh: '存有 APIKEY 的文件；- 表示从标准输入读取',
          }),
        ),
        mode: withDefault(
          choiceOption('MODE', { en: 'how its password is made', zh: '密码方式' }, ['dynamic', 'static']),
          'dynamic',
        ),
        rate: option(
          'NUMBER',
          { en: 'calls a second, instead of UPSTREAM_RATE', zh: '每秒查询次数，代替 UPSTREAM_RATE' },
          readRate,
        ),
        partner: partnerOption({
          en: 'the only partner that may use it, by name or id',
          zh: '仅供该合作方（名称或 id）使用',
        }),
      },
      changes: true,
      printsData: true,
      example: 'account create C12345678 --api-key-file key.txt --rate 20',
      load: async () => (await import('../account.ts')).createAccount,
    }),
    defineCommand({
      path: 'account pause',
      words: {
        en: 'ask nothing with an account until it is resumed; nothing is lost',
        zh: '暂停账户，恢复前不再用它查询；数据不会丢失',
      },
      args: { account: ACCOUNT },
      changes: true,
      printsData: true,
      example: 'account pause C12345678',
      load: async () => (await import('../account.ts')).pauseAccount,
    }),
    defineCommand({
      path: 'account resume',
      words: { en: 'ask with an account again, slowly at first', zh: '恢复账户，查询逐步放量' },
      args: { account: ACCOUNT },
      changes: true,
      printsData: true,
      example: 'account resume C12345678',
      load: async () => (await import('../account.ts')).resumeAccount,
    }),
    defineCommand({
      path: 'account remove',
      words: {
        en: 'remove an account: nothing more is registered for it; what waits for it is still asked, then its key is erased',
        zh: '移除账户，不再接受新登记；已在等待的登记仍会查到结束，之后删除其 APIKEY',
      },
      args: { account: ACCOUNT },
      changes: true,
      printsData: true,
      example: 'account remove C12345678',
      load: async () => (await import('../account.ts')).removeAccount,
    }),
  ],
}
