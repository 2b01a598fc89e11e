import { z } from 'zod'
import { API_ID, isTried } from '../../core/account.ts'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { Secret } from '../../core/secret.ts'
import type { Account, AccountRemoval } from '../../store/accounts/rows.ts'
import type { Store } from '../../store/store.ts'
import { type AdminCalls, adminOperation, type Handle } from '../calls.ts'
import { AT_OR_NULL, idField, PAUSE, TEXT_OR_NULL, textField } from '../json/fields.ts'
import { listOf, PAGE_QUERY, viewPage } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { invalid, packWords } from '../json/validate.ts'
import { ACT, WHY } from './authorize.ts'

const APIID = packWords({
  en: 'must be the APIID: 1 to 128 letters, digits and . _ @ -',
  zh: '必须是 APIID：1 到 128 个字母、数字或 . _ @ -',
})
export const API_KEY = /^[\x21-\x7e]{1,256}$/
export const API_KEY_RULE = {
  en: 'must be the APIKEY: 1 to 256 visible ASCII characters',
  zh: '必须是 APIKEY：1 到 256 个可见 ASCII 字符',
}
const MODE = packWords({ en: 'must be dynamic or static', zh: '必须是 dynamic 或 static' })
const RATE = packWords({
  en: 'must be a number of calls a second, from 0.001 to 100000',
  zh: '必须是每秒查询次数，0.001 到 100000',
})
const PARTNER = {
  en: 'must be the id of a partner; leave it out for an account that every partner may use',
  zh: '必须是某个合作方的 id；所有合作方共用的账户不填',
}
/** The store encrypts the API key; it is never shown again. */
const NEW_ACCOUNT = z.strictObject({
  account: textField(API_ID, APIID),
  apiKey: textField(API_KEY, packWords(API_KEY_RULE)),
  mode: z.enum(['dynamic', 'static'], MODE).optional(),
  rate: z.number(RATE).min(0.001, RATE).max(100_000, RATE).optional(),
  partnerId: textField(/^\w{1,64}$/, packWords(PARTNER)).optional(),
  ...WHY,
})
const EXISTS = { en: 'An account with this APIID exists already.', zh: '已有使用该 APIID 的账户。' }
/** Why an account cannot be removed, and the remedy. */
const REMOVAL_REFUSALS = {
  default: {
    en: 'This is the account of IHUYI_ACCOUNT. Name another one there and restart, then remove this one.',
    zh: '这是 IHUYI_ACCOUNT 所用的账户。请先改用其他账户并重启，再移除它。',
  },
  bound: {
    en: 'This account belongs to one partner. Disable that partner first; its registrations then use the account of IHUYI_ACCOUNT.',
    zh: '该账户专供某个合作方使用。请先停用该合作方；此后其登记改用 IHUYI_ACCOUNT 的账户。',
  },
} satisfies Record<Exclude<AccountRemoval, 'removed'>, Words>
const ACCOUNT_ID = /^[\x21-\x7e]{1,128}$/

export const ACCOUNT = z.object({
  id: z.string(),
  account: z.string().describe('The APIID.'),
  mode: z.enum(['dynamic', 'static']),
  rate: z.number().describe('Calls a second.'),
  partnerId: idField('partner').nullable().describe('The only partner that may use it; null: every partner may.'),
  ...PAUSE,
  tried: z
    .boolean()
    .describe('Resumed or given another key since the pause: the result of the next call is not known yet.'),
  reachable: z.boolean(),
  since: AT_OR_NULL.describe('Since when it is paused, or GetResult cannot be reached.'),
  error: TEXT_OR_NULL.describe('Why GetResult cannot be reached, such as `unreachable: ECONNREFUSED`.'),
})
export type AccountAnswer = z.output<typeof ACCOUNT>

/** Returns the account's facts by their names in the admin API. */
export const namedFacts = <A extends Omit<Account, 'passwordMode' | 'partnerId'>>(account: A) => ({
  ...account,
  account: account.apiId,
  paused: account.pausedAt !== null,
  tried: isTried(account),
  reason: account.pauseReason,
  code: account.pauseCode,
  reachable: account.unreachableAt === null,
  since: account.pausedAt ?? account.unreachableAt,
  error: account.unreachableError,
})

export const viewAccount = (account: Account): AccountAnswer =>
  z.decode(ACCOUNT, { ...namedFacts(account), mode: account.passwordMode })

const find = async (store: Store, name: string): Promise<Account> =>
  found(ACCOUNT_ID.test(name) ? await store.findAccount(name) : null, 'account')

/** For the audit. A pause that an answer of GetResult caused does not end when an operator resumes the account. */
const pausing = (account: Account, act: 'pause' | 'resume') => {
  const isChanged = act === 'pause' || account.pauseReason === 'operator'
  return { before: viewAccount(account), after: isChanged ? { paused: act === 'pause' } : {} }
}

const changeBy =
  (act: 'pause' | 'resume'): Handle =>
  async (c, { store }, { id }) => {
    const before = await find(store, id)
    await c.get('beginAct')(before.id, pausing(before, act))
    return c.json(viewAccount(found(await store[`${act}Account`](before.id), 'account')))
  }

/** The `:id` of an account is its id or its APIID. */
export const ACCOUNT_CALLS = {
  'GET /v1/admin/accounts': adminOperation({
    role: 'read',
    operationId: 'listAccounts',
    summary: 'List upstream accounts, oldest first',
    description: 'Whether each is paused and why, and whether GetResult can be reached with it.',
    query: PAGE_QUERY,
    answers: { 200: listOf(ACCOUNT) },
    handle: async (c, { store }, { query: { limit, cursor } }) =>
      c.json(viewPage(await store.listAccounts({ limit, after: cursor ?? null }), viewAccount)),
  }),
  'POST /v1/admin/accounts': adminOperation({
    role: 'admin',
    act: 'account.create',
    operationId: 'createAccount',
    summary: 'Add an upstream account',
    description:
      'Registrations name it by its id or its APIID. Its APIKEY is encrypted and never shown. Adding a removed account restores it with the new key and its waiting registrations.',
    body: NEW_ACCOUNT,
    answers: { 201: ACCOUNT },
    problems: ['conflict'],
    handle: async (c, { store, newId }, { body }) => {
      const partnerId = body.partnerId ?? null
      if (partnerId !== null && !(await store.findPartner(partnerId)))
        throw invalid('body', [{ path: 'partnerId', message: PARTNER }])
      const id = newId('acc')
      const { account: apiId, mode = 'dynamic', rate = null } = body
      await c.get('beginAct')(apiId, { after: { account: apiId, mode, rate, partnerId } })
      const added = { id, apiId, passwordMode: mode, rate, partnerId }
      const account = await store.createAccount({ ...added, apiKey: new Secret(body.apiKey) })
      if (!account) throw new AppError('conflict', EXISTS)
      c.header('location', `/v1/admin/accounts/${account.id}`)
      return c.json(viewAccount(account), 201)
    },
  }),
  'GET /v1/admin/accounts/:id': adminOperation({
    role: 'read',
    operationId: 'getAccount',
    summary: 'Get an upstream account',
    description: 'By its id or its APIID.',
    answers: { 200: ACCOUNT },
    handle: async (c, { store }, { id }) => c.json(viewAccount(await find(store, id))),
  }),
  'PATCH /v1/admin/accounts/:id': adminOperation({
    role: 'admin',
    act: 'account.change',
    operationId: 'changeAccount',
    summary: 'Change the APIKEY or the password mode of an upstream account',
    description:
      'By its id or its APIID. Only the fields in the body change. If it is paused, but not by an operator, it is tried at once. The account of `IHUYI_ACCOUNT` takes the values of the settings again at the next start: change them there too.',
    body: NEW_ACCOUNT.pick({ apiKey: true, mode: true, reason: true }).partial(),
    answers: { 200: ACCOUNT },
    handle: async (c, { store }, { id, body: { apiKey, mode } }) => {
      const before = await find(store, id)
      const after = { mode, apiKey: apiKey && 'another' }
      await c.get('beginAct')(before.id, { before: viewAccount(before), after })
      const change = { apiKey: apiKey === undefined ? null : new Secret(apiKey), passwordMode: mode ?? null }
      return c.json(viewAccount(found(await store.changeAccount(before.id, change), 'account')))
    },
  }),
  'POST /v1/admin/accounts/:id/pause': adminOperation({
    role: 'operate',
    act: 'account.pause',
    operationId: 'pauseAccount',
    summary: 'Pause an upstream account',
    description:
      'By its id or its APIID. Its serials are not polled until it is resumed. Its registrations wait, and none of them expires meanwhile.',
    body: ACT,
    answers: { 200: ACCOUNT },
    handle: changeBy('pause'),
  }),
  'POST /v1/admin/accounts/:id/resume': adminOperation({
    role: 'operate',
    act: 'account.resume',
    operationId: 'resumeAccount',
    summary: 'Resume an upstream account, or try it again',
    description:
      'An account that GetResult has refused stays paused, with `tried`, and is tried at once with one call: the pause ends only when that call succeeds. Then its rate grows to the full rate.',
    body: ACT,
    answers: { 200: ACCOUNT },
    handle: changeBy('resume'),
  }),
  'DELETE /v1/admin/accounts/:id': adminOperation({
    role: 'admin',
    act: 'account.remove',
    operationId: 'removeAccount',
    summary: 'Remove an upstream account',
    description:
      'It is no longer listed, and a registration that names it is refused. Its waiting serials are still polled with its key until they end; then, a day later at the earliest, the key is erased. A pause of it ends. Refused while it belongs to an enabled partner, or the settings name it.',
    query: ACT,
    answers: { 204: null },
    problems: ['conflict'],
    handle: async (c, { store }, { id }) => {
      const before = await find(store, id)
      await c.get('beginAct')(before.id, { before: viewAccount(before) })
      const outcome = found(await store.removeAccount(before.id), 'account')
      if (outcome !== 'removed') throw new AppError('conflict', REMOVAL_REFUSALS[outcome])
      return c.body(null, 204)
    },
  }),
} satisfies AdminCalls
