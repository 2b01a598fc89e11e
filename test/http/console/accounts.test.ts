import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { openConsole } from './support.ts'

const open = async () => {
  const console = await openConsole()
  const { api, cookieOf } = console
  return {
    ...console,
    admin: await cookieOf(),
    isPaused: async () => (await api.store.findAccount(api.account.id))?.pausedAt !== null,
  }
}

describe('accounts', () => {
  test('say why they are paused, and what waits', async () => {
    const { api, admin, read } = await open()
    await api.register()
    expect(await read('accounts', admin)).toMatch(/C12345678[\s\S]*works/)
    const change = {
      kind: 'pause',
      reason: 'credentials_wrong',
      code: 40502,
      probes: 1,
      probeAt: api.clock.now + 60_000,
    }
    await api.answerWith({ kind: 'account', code: 40502, fault: 'credentials_wrong' }, change)
    const list = await read('accounts?lang=en', admin)
    for (const text of ['paused: ', '<td class="number" data-name="Waiting serials">1<']) expect(list).toContain(text)
    const page = await read(`accounts/${api.account.id}?lang=en`, admin)
    for (const text of ['paused: ', '>40502<', 'datetime="2026-11-24T16:21:00.000Z"', '>Waiting serials</dt><dd>1<'])
      expect(page).toContain(text)
    expect(page).not.toContain('page in the console')
    const now = await read('?lang=en', admin)
    expect(now).toContain('page in the console, enter the right APIKEY and save')
    expect(now).toContain(`<a class="button" href="accounts/${api.account.id}">Go to Accounts</a>`)
    expect(now).not.toContain('idface-notifier account')
    expect(now).not.toContain('Since')
  })

  test.each([
    ['read', false],
    ['operate', true],
    ['admin', true],
  ] as const)('are paused and resumed by %s: %s', async (role, may) => {
    const { api, cookieOfRole, post, read, isPaused } = await open()
    const cookie = await cookieOfRole(role)
    const path = `accounts/${api.account.id}`
    expect((await read(path, cookie)).includes(`${path}/pause`)).toBe(may)
    const form = { why: 'the vendor asked for it' }
    expect((await post(`${path}/pause`, form, cookie)).status).toBe(may ? 303 : 403)
    expect(await isPaused()).toBe(may)
    expect((await read(path, cookie)).includes(`${path}/resume`)).toBe(may)
    expect((await post(`${path}/resume`, form, cookie)).status).toBe(may ? 303 : 403)
    expect(await isPaused()).toBe(false)
    const { json } = await api.admin('GET', '/audit?act=account.pause')
    expect(json.data[0].outcome).toBe(may ? 'done' : 'refused')
    if (may) expect(json.data[0].reason).toBe('the vendor asked for it')
  })

  test.each([
    ['read', false],
    ['operate', false],
    ['admin', true],
  ] as const)('are added and removed by %s: %s', async (role, may) => {
    const { api, cookieOfRole, post, read } = await open()
    const cookie = await cookieOfRole(role)
    const page = (await read('accounts', cookie)) + (await read(`accounts/${api.account.id}`, cookie))
    for (const path of ['accounts/new', '/remove"', '/change"']) expect(page.includes(path)).toBe(may)
    const form = { account: ' C2', apiKey: 'marker-of-the-key\n', mode: 'static', rate: '2.5', partnerId: '', why: '' }
    expect((await post('accounts/new', form, cookie)).status).toBe(may ? 303 : 403)
    const added = await api.store.findAccount('C2')
    expect(added?.rate).toBe(may ? 2.5 : undefined)
    const id = added?.id ?? api.account.id
    expect(await read('accounts', cookie)).not.toContain('marker-of-the-key')
    expect((await post(`accounts/${id}/remove`, { why: 'unused' }, cookie)).status).toBe(may ? 303 : 403)
    expect(await api.store.findAccount('C2')).toBeNull()
  })

  test('get another APIKEY on a page that looks again, and are tried with it at once', async () => {
    const { api, admin, read, post } = await open()
    await api.register()
    const path = `accounts/${api.account.id}`
    expect(await read(`${path}?lang=en`, admin)).toContain('otherwise the next call uses the new key')
    const change = { kind: 'pause', reason: 'credentials_wrong', code: 40502, probes: 1, probeAt: api.clock.now + 1e6 }
    await api.answerWith({ kind: 'account', code: 40502, fault: 'credentials_wrong' }, change)
    const [, facts = '', forms = ''] = (await read(path, admin)).split(/<div id="live"|<\/dl>/)
    expect(facts).toContain('data-live')
    expect(forms).toContain('type="password"')
    const nextTry = async () => (await api.admin('GET', '/overview')).json.accounts[0].nextTryAt
    const form = { apiKey: 'marker-of-the-key', mode: 'dynamic', why: 'a typo' }
    const answer = await post(`${path}/change`, form, admin)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `../../${path}`])
    expect(Date.parse(await nextTry())).toBe(api.clock.now)
    const tried = await read(`${path}?lang=en`, admin)
    expect(tried).not.toContain('marker-of-the-key')
    for (const text of ['It is being tried', 'data-live="2"', 'Try it now']) expect(tried).toContain(text)
    await post(`${path}/change`, { ...form, apiKey: '', mode: 'static' }, admin)
    expect(await api.store.findAccount(api.account.id)).toMatchObject({ passwordMode: 'static' })
  })

  test('removed while serials wait, are listed until those have ended, without a link', async () => {
    const { api, admin, read } = await open()
    const added = { id: 'acc_z', apiId: 'C2', passwordMode: 'dynamic', rate: null, partnerId: null } as const
    await api.store.createAccount({ ...added, apiKey: new Secret('key') })
    await api.register({ account: 'C2' })
    const change = { kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: api.clock.now + 1e6 }
    await api.answerWith({ kind: 'account', code: 4050, fault: 'frozen' }, change)
    await api.store.removeAccount('acc_z')
    const list = await read('accounts?lang=en', admin)
    expect(list).toContain('C2 (removed): 1 serial')
    for (const page of [list, await read('?lang=en', admin)]) expect(page).not.toContain('accounts/acc_z')
  })

  test('show what the API has against a form', async () => {
    const { api, admin, post, visit } = await open()
    expect((await post(`accounts/${api.account.id}/remove`, {}, admin)).status).toBe(409)
    const form = { account: 'C 3<script>', apiKey: 'k', mode: 'static', rate: '1e400', partnerId: '', why: '' }
    const answer = await post('accounts/new', form, admin)
    expect(answer.status).toBe(422)
    const page = await answer.text()
    for (const path of ['account', 'rate']) expect(page).toContain(`<li data-field="${path}">`)
    expect((await visit('accounts/nobody', admin)).status).toBe(404)
  })
})
