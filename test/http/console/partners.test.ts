import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../support/api.ts'
import { openConsole } from './support.ts'

const open = async () => {
  const console = await openConsole()
  const { api, cookieOf } = console
  return {
    ...console,
    path: `partners/${api.partner.id}`,
    admin: await cookieOf(),
    partner: async () => (await api.admin('GET', `/partners/${api.partner.id}`)).json,
    worksWith: async (key: string) => (await api.call('GET', '/v1/registrations', { key })).status === 200,
  }
}
/** As a browser sends the whole form. */
const CHANGE = {
  name: 'Acme',
  payload: 'thin',
  'quotas.pending': '',
  'quotas.hosts': '0',
  'quotas.daily': '70',
  why: 'their contract',
}

describe('partners', () => {
  test('are listed by pages, with hostile names as text', async () => {
    const { api, admin, read } = await open()
    const hostile = '"><script>alert(1)</script>'
    for (let n = 0; n < 100; n++) await api.admin('POST', '/partners', { name: `${hostile} ${n}` })
    const first = await read('partners', admin)
    expect(first).toContain(`href="${`partners/${api.partner.id}`}"`)
    expect(first).toContain('&lt;script&gt;alert(1)&lt;/script&gt; 97<')
    expect(first).not.toContain('<script>alert')
    const next = first.match(/rel="next" href="(\?[^"]*)"/)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await read(`partners${next}`, admin)
    expect(second).toContain('script&gt; 99<')
    expect(second).not.toContain('script&gt; 97<')
    const id = second.match(/href="(partners\/partner_\w+)"/)?.[1] ?? ''
    const whole = await read(id, admin)
    expect(whole).toContain('&lt;script&gt;alert(1)')
    expect(whole).not.toContain('<script>alert')
  })

  test('are created with a key and a secret that are shown once', async () => {
    const { admin, read, post, worksWith } = await open()
    expect(await read('partners/new', admin)).toContain('name="why"')
    const page = await (await post('partners/new', { name: 'Acme', why: '' }, admin)).text()
    for (const told of ['<code>http://notifier.example</code>', 'href="../../docs"']) expect(page).toContain(told)
    const key = page.match(/ifn_[\w-]+/)?.[0] ?? ''
    expect(page).toMatch(/whsec_/)
    expect(await worksWith(key)).toBe(true)
    const id = page.match(/partner_\w+/)?.[0] ?? ''
    expect(await read(`partners/${id}`, admin)).not.toContain(key)
  })

  test('created beside CONSOLE_URL, are given the address of its host, however the operator came', async () => {
    const config = { ...DEFAULTS, operator: { ...DEFAULTS.operator, consoleUrl: 'https://n.example/idface/console' } }
    const { post, cookieOfRole } = await openConsole({ config })
    const admin = await cookieOfRole('admin')
    const page = await (await post('partners/new', { name: 'Acme', why: '' }, admin)).text()
    expect(page).toContain('<code>https://n.example/idface</code>')
  })

  test('change only by the form that was sent', async () => {
    const { admin, read, post, path, partner } = await open()
    const before = await partner()
    expect((await post(path, CHANGE, admin)).headers.get('location')).toBe(`../${path}`)
    const changed = { ...before, name: 'Acme', payload: 'thin', quotas: { pending: null, hosts: 0, daily: 70 } }
    expect(await partner()).toEqual(changed)
    expect(await read(path, admin)).toMatch(/<details>.*name="disabled" value="true".*<\/details>/s)
    await post(path, { disabled: 'true', why: '' }, admin)
    expect(await partner()).toEqual({ ...changed, disabled: true })
    expect(await read(path, admin)).toContain('name="disabled" value="false"')
    await post(path, { disabled: 'false', why: '' }, admin)
    expect(await partner()).toEqual(changed)
    await post(path, { ...CHANGE, 'quotas.daily': ' 70 ', 'quotas.pending': ' ' }, admin)
    expect(await partner()).toEqual(changed)
    for (const daily of ['many', '0x10', '1e400', '1e2', '-1']) {
      const answer = await post(path, { ...CHANGE, 'quotas.daily': daily }, admin)
      expect(answer.status).toBe(422)
      expect(await answer.text()).toContain('<li data-field="quotas.daily"><strong>Limit of ')
    }
    expect(await partner()).toEqual(changed)
  })

  test('get keys, and lose them', async () => {
    const { api, admin, read, post, visit, path, worksWith } = await open()
    const key = (await (await post(`${path}/new-key`, { why: '' }, admin)).text()).match(/ifn_[\w-]+/)?.[0] ?? ''
    expect(await worksWith(key)).toBe(true)
    const { keyId } = api.partner
    expect(await read(path, admin)).toContain(`name="key" value="${keyId}"`)
    expect((await post(`${path}/revoke`, { key: keyId, why: 'leaked' }, admin)).status).toBe(303)
    api.clock.now += 2_000
    expect(await worksWith(api.partner.key)).toBe(false)
    expect(await worksWith(key)).toBe(true)
    expect(await read(path, admin)).not.toContain(`name="key" value="${keyId}"`)
    expect((await visit('partners/partner_nobody', admin)).status).toBe(404)
  })

  test('get a new signing secret, which is shown once, and lose an old one', async () => {
    const { api, admin, read, post, path } = await open()
    const secrets = async () => (await api.call('GET', '/v1/signing-secrets')).json.data
    const [old] = await secrets()
    const shown = await (
      await post(`${path}/rotate-secret`, { overlap: '7d', type: 'v1', why: 'yearly' }, admin)
    ).text()
    expect(shown).toMatch(/whsec_[\w+/]+/)
    const [newest] = await secrets()
    const page = await read(path, admin)
    expect(page).not.toContain('whsec_')
    expect([newest.id, old.id].map(id => page.includes(`name="id" value="${id}"`))).toEqual([false, true])
    const ended = await post(`${path}/end-secret`, { id: old.id, why: 'leaked' }, admin)
    expect(ended.headers.get('location')).toBe(`../../${path}`)
    expect((await secrets()).map(({ id }: { id: string }) => id)).toEqual([newest.id])
  })

  test('get keys that expire, at a time in the zone of the reader', async () => {
    const { api, admin, cookieOf, read, post, path } = await open()
    expect(await read(path, admin)).toContain('type="datetime-local" name="expiresAt"')
    const form = { expiresAt: '2027-01-01T08:00', zone: 'Asia/Shanghai', why: '' }
    expect((await post(`${path}/new-key`, form, admin)).status).toBe(200)
    const { json } = await api.admin('GET', `/${path}/keys`)
    expect(json.data).toContainEqual(expect.objectContaining({ expiresAt: '2027-01-01T00:00:00.000Z' }))
    expect((await post(`${path}/new-key`, { ...form, expiresAt: '2020-01-01T08:00' }, admin)).status).toBe(422)
    expect(await read(path, admin)).not.toContain('expired')
    api.clock.now = Date.parse('2027-01-01T00:00:00Z')
    expect(await read(path, await cookieOf())).toContain('<span class="badge warned">expired</span>')
  })

  test.each(['read', 'operate'] as const)('offer the role %s nothing to change', async role => {
    const { cookieOfRole, read, path } = await open()
    const cookie = await cookieOfRole(role)
    expect(`${await read(path, cookie)}${await read('partners', cookie)}`).not.toMatch(
      /new-key|revoke|-secret|name="why"|partners\/new/,
    )
  })
})
