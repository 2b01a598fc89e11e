import { describe, expect, test, vi } from 'vitest'
import { searchFieldsOf } from '../../../src/http/console/registration-columns.ts'
import type { Json } from '../support/api.ts'
import { openConsole } from './support.ts'

const FAILING = 'act=resend&host=partner.example&error=http_500'

/** Twelve webhooks that were given up. */
const openExhausted = async () => {
  const { api, ...console } = await openConsole()
  for (let n = 0; n < 12; n++) {
    await api.registerAndGiveUp(500, { idcardid: `serial-number-${n}` })
    api.clock.now += 1_000
  }
  const cookie = await console.cookieOf()
  const bulks = async (): Promise<Json[]> => (await api.admin('GET', '/bulk')).json.data
  return { api, cookie, bulks, ...console }
}
/** What a form of the page sends. */
const formOf = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.slice(page.indexOf('<main')).matchAll(/type="hidden" name="([\w.]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )

describe('the preview', () => {
  test('says how many it means, which, and how long it takes, and keeps nothing', async () => {
    const { read, bulks } = await openExhausted()
    const page = await read(`bulk/new?${FAILING}`)
    expect(page).toContain('<dd>12</dd>')
    expect(page.match(/href="\.\.\/registrations\/reg_/g)).toHaveLength(10)
    expect(page).toContain('name="probe"')
    expect(await read('bulk/new?act=cancel&host=partner.example')).not.toContain('name="probe"')
    expect(await read('bulk/new?act=resend&host=nobody.example')).not.toContain('name="why"')
    expect(await bulks()).toEqual([])
  })

  test('names its scope as a list does, in the language of the page', async () => {
    const { read } = await openExhausted()
    const path = 'bulk/new?act=resend&host=partner.example&status=succeeded&delivery=exhausted&messageSince=2h'
    const scopeOf = (page: string) =>
      [...(/<dt>(?:Scope|范围)<\/dt><dd>([\s\S]*?)<\/dd>/.exec(page)?.[1] ?? '').matchAll(/<div>([^<]*)/g)].map(
        ([, one]) => one,
      )
    const scope = [
      'Status: succeeded',
      'Webhook: given up',
      'Host: partner.example',
      'Until: ',
      'Webhook created since: ',
    ]
    expect(scopeOf(await read(`${path}&lang=en`))).toEqual(scope)
    expect(scopeOf(await read(`${path}&lang=zh`))).toEqual([
      '状态：通过',
      '回调：已放弃',
      '主机：partner.example',
      '截止时间：',
      '回调创建时间不早于：',
    ])
  })

  test('that found nothing says so where older ones may match', async () => {
    const { api, read } = await openExhausted()
    const page = (path: string) => read(`bulk/new?act=resend&host=nobody.example${path}`)
    expect(await page('')).toContain('The act applies to no')
    vi.spyOn(api.store, 'countRegistrations').mockResolvedValue({ count: 0, isCapped: true, scanned: 0 })
    expect(await page('')).toContain('Older ones may match')
    expect(await page('&lang=zh')).toContain('更早的记录中可能有')
  })

  test('is where the search of a list leads to, for who may', async () => {
    const { read, cookieOfRole } = await openExhausted()
    const path = 'registrations?host=partner.example&since=2h'
    const link = 'href="bulk/new?act=resend&amp;host=partner.example&amp;since=2h&amp;zone=UTC"'
    expect(await read(path)).toContain(link)
    expect(await read(path, await cookieOfRole('read'))).not.toContain('bulk/new')
    expect(await read('deliveries', await cookieOfRole('read'))).not.toContain('bulk/new')
  })

  test('means what the list reads that a failure of the deliveries leads to', async () => {
    const { api, read } = await openExhausted()
    // Neither failed so, nor there.
    await api.registerAndGiveUp(503, { idcardid: 'otherwise' })
    api.clock.now += 1_000
    await api.registerAndGiveUp(500, { idcardid: 'elsewhere', callbackUrl: 'https://elsewhere.example/' })
    api.clock.now += 1_000
    const linkTo = (page: string, path: string) =>
      new RegExp(`href="(${path}\\?[^"]*host=partner.example[^"]*http_500[^"]*)"`)
        .exec(page)?.[1]
        ?.replaceAll('&amp;', '&') ?? ''
    const idsOf = (page: string) => [...page.matchAll(/registrations\/(reg_\w+)"/g)].map(([, id]) => id)
    const list = await read(linkTo(await read('deliveries'), 'registrations'))
    const preview = await read(linkTo(list, 'bulk/new'))
    expect(idsOf(list)).toHaveLength(12)
    expect(preview).toContain('<dd>12</dd>')
    expect(idsOf(preview)).toEqual(idsOf(list).slice(0, 10))
    expect(preview).toContain('<bdi class="name">one</bdi>')
  })

  test('has the times of what it reads started, not later ones', async () => {
    const { api, read, post, cookie, bulks } = await openExhausted()
    const page = await read('bulk/new?act=resend&delivery=exhausted&messageSince=2026-11-25T00:20&zone=Asia/Shanghai')
    const form = formOf(page)
    expect(form).toEqual({
      act: 'resend',
      'filter.delivery': 'exhausted',
      'filter.messageSince': '2026-11-24T16:20:00.000Z',
      'filter.zone': 'Asia/Shanghai',
      'filter.until': '2026-11-24T16:20:12.000Z',
      previewed: '12',
    })
    api.clock.now += 60_000
    const { status, headers } = await post('bulk/new', { ...form, why: 'it works again', probe: 'true' }, cookie)
    const [bulk] = await bulks()
    expect([status, headers.get('location')]).toEqual([303, `../bulk/${bulk.id}`])
    expect(bulk).toMatchObject({ state: 'probing', reason: 'it works again', filter: { until: form['filter.until'] } })
  })

  test('is readn again, and nothing started, where more have fallen into it since', async () => {
    const { api, read, post, cookie, bulks } = await openExhausted()
    await api.register({ idcardid: 'fails-later' })
    await api.succeed()
    const form = formOf(await read(`bulk/new?${FAILING}`))
    await api.receiveWith(500, { scheduleMs: [] })
    const again = await post('bulk/new', { ...form, why: 'it works again' }, cookie)
    expect([again.status, await bulks()]).toEqual([200, []])
    const page = await again.text()
    expect(page).toContain('<dd>13</dd>')
    expect(page).toContain('role="alert"')
    expect((await post('bulk/new', { ...formOf(page), why: 'it works again' }, cookie)).status).toBe(303)
    expect((await bulks())[0].count).toBe(13)
  })

  test('is no act in the audit, whatever the link to it asks for, and whoever follows it', async () => {
    const { api, visit, cookie, cookieOfRole } = await openExhausted()
    for (const query of ['act=cancel', `${FAILING}&partner=partner_none`, FAILING]) {
      await visit(`bulk/new?${query}`, cookie)
      await visit(`bulk/new?${query}`, await cookieOfRole('read'))
    }
    await visit('bulk/new?act=cancel&status=pending', await cookieOfRole('operate'))
    const { json } = await api.admin('GET', '/audit?act=bulk.create')
    expect(json.data).toEqual([])
  })

  test('is refused as the API refuses it', async () => {
    const { visit, post, cookie, cookieOfRole, bulks } = await openExhausted()
    for (const query of ['', 'act=resend', `${FAILING}&nothing=1`, `${FAILING}&partner=partner_none`])
      expect((await visit(`bulk/new?${query}`, cookie)).status).toBe(422)
    const form = { act: 'resend', 'filter.host': 'partner.example', why: 'x' }
    expect((await visit(`bulk/new?${FAILING}`, await cookieOfRole('read'))).status).toBe(403)
    expect((await post('bulk/new', form, await cookieOfRole('read'))).status).toBe(403)
    expect((await visit('bulk/new?act=cancel&status=pending', await cookieOfRole('operate'))).status).toBe(403)
    expect((await post('bulk/new', { ...form, act: 'cancel' }, await cookieOfRole('operate'))).status).toBe(403)
    expect((await post('bulk/new', { ...form, why: '' }, cookie)).status).toBe(422)
    expect(await bulks()).toEqual([])
  })
})

test('a bulk act means what its preview was asked for, by each field of a search', async () => {
  const { api, read, post, cookie, bulks } = await openExhausted()
  await api.register({ idcardid: 'never-known' })
  for (let n = 0; n < 4; n++) {
    await api.answerWith({ kind: 'invalid_id', code: 4060 })
    api.clock.now += 60_000
  }
  await api.receiveWith(500, { scheduleMs: [] })
  api.clock.now += 1_000
  const filter: Record<string, string> = {
    ...{ partner: api.partner.id, serial: 'never-known', account: api.account.id, status: 'unresolved' },
    ...{ reason: 'invalid_id', delivery: 'exhausted', host: 'partner.example', error: 'http_500' },
    ...{ since: '2026-11-24T16:00:00.000Z', until: '2026-11-24T17:00:00.000Z' },
  }
  expect(Object.keys(filter)).toEqual(expect.arrayContaining([...searchFieldsOf({ kind: 'operator' })]))
  for (const [name, value] of Object.entries(filter)) {
    const page = await read(`bulk/new?${new URLSearchParams({ act: 'resend', [name]: value })}`)
    const answer = await post('bulk/new', { ...formOf(page), why: 'asked by phone' }, cookie)
    expect([name, answer.status]).toEqual([name, 303])
    const [bulk] = await bulks()
    const meant = name === 'until' ? expect.any(String) : value
    expect(bulk).toMatchObject({ reason: 'asked by phone', filter: { [name]: meant } })
    await post(`bulk/${bulk.id}/stop`, { why: '' }, cookie)
  }
})

describe('a bulk act', () => {
  test('shows how far it is, is stopped, and goes on', async () => {
    const { api, read, post, cookie, cookieOfRole, bulks } = await openExhausted()
    await post('bulk/new', { act: 'resend', 'filter.host': 'partner.example', why: '<b>again</b>' }, cookie)
    const { id } = (await bulks())[0]
    await api.store.continueBulkActs(3)
    api.clock.now += 3_000
    const page = await read(`bulk/${id}`)
    expect(page).toContain('data-live')
    // With what is looked at again: it ends with the act.
    expect(page).toMatch(new RegExp(`id="live"[^]*action="../bulk/${id}/stop"[^]*</div>\\s*</main>`))
    expect(page).toContain('3 / 12 · 1 / s · left 9 s')
    expect(page).toContain('&lt;b&gt;again&lt;/b&gt;')
    expect((await post(`bulk/${id}/stop`, { why: '' }, await cookieOfRole('read'))).status).toBe(403)
    expect((await post(`bulk/${id}/stop`, { why: 'too fast' }, await cookieOfRole('operate'))).status).toBe(303)
    const stopped = await read(`bulk/${id}`)
    expect(stopped).not.toContain('data-live')
    expect(stopped).toContain(`action="../bulk/${id}/start"`)
    expect((await post(`bulk/${id}/stop`, { why: '' }, cookie)).status).toBe(409)
    expect((await post(`bulk/${id}/start`, { why: '' }, cookie)).status).toBe(303)
    while (!(await api.store.continueBulkActs(100)).isIdle);
    expect(await read(`bulk/${id}`)).not.toContain(`action="../bulk/${id}/`)
    expect(await read('audit')).toContain(`<a href="bulk/${id}">`)
    expect(await read('bulk')).toMatch(new RegExp(`<a href="bulk/${id}">[^]*>all queued</span></td><td[^>]*>12 / 12`))
  })

  test('that has made webhooks due says how many, and leads to those that have not arrived', async () => {
    const { api, read, post, cookie, bulks } = await openExhausted()
    await post('bulk/new', { act: 'resend', host: 'partner.example', delivery: 'exhausted', why: 'again' }, cookie)
    const [{ id }] = await bulks()
    const found = await api.admin('GET', '/registrations')
    await api.admin('DELETE', `/registrations/${found.json.data[0].id}?erase=true`)
    while (!(await api.store.continueBulkActs(100)).isIdle);
    const page = await read(`bulk/${id}`)
    expect(page).toContain('queued')
    expect(page).toContain('11 / 12 · 1 had changed meanwhile')
    expect(page).toContain('href="../registrations?delivery=pending&amp;host=partner.example&amp;until=')
  })

  test('that cannot be started now is one draft, and is not offered again as another', async () => {
    const { api, post, cookie, bulks, read } = await openExhausted()
    const form = { act: 'resend', 'filter.host': 'partner.example', why: 'x' }
    Object.assign(api.store, { startBulkAct: async () => ({ outcome: 'too_many' }) })
    const page = await (await post('bulk/new', form, cookie)).text()
    const [draft, ...others] = (await bulks()).filter(({ state }) => state === 'draft')
    expect(others).toEqual([])
    expect(page).toContain(`href="../bulk/${draft?.id}"`)
    expect(page).not.toContain('name="why"')
    expect(await read(`bulk/${draft?.id}`)).toContain(`action="../bulk/${draft?.id}/start"`)
  })

  test('that there is not is not found', async () => {
    const { visit, cookie } = await openExhausted()
    expect((await visit('bulk/bulk_none', cookie)).status).toBe(404)
    expect((await visit('bulk/..%2faudit', cookie)).status).toBe(404)
  })
})
