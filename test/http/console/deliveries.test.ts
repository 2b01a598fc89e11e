import { describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type ApiOverrides, HOOK } from '../support/api.ts'
import { openConsole } from './support.ts'

/** One webhook of a partner that was given up. */
const openFailing = async (overrides: ApiOverrides = {}) => {
  const { api, ...console } = await openConsole(overrides)
  await api.registerAndGiveUp(503)
  api.clock.now += 60_000
  const show = async (path: string, token?: string) => console.read(path, await console.cookieOf(token))
  return { api, show, ...console }
}

describe('to operators', () => {
  test('shows failures by host and error, each with its registrations and what sends them again', async () => {
    const { api, show } = await openFailing()
    const page = await show('deliveries')
    expect(page).toContain('href="registrations?host=partner.example&amp;error=http_503"')
    expect(page).toContain('href="registrations?host=partner.example&amp;error=http_503&amp;delivery=exhausted"')
    expect(page).toContain(`href="partners/${api.partner.id}"`)
    expect(page).toContain('href="bulk/new?act=resend&amp;host=partner.example&amp;error=http_503"')
    expect(await show('deliveries?lang=zh')).toContain('（<span data-zone>北京时间</span>）')
  })

  test('says that there is no webhook, where registrations wait for their verdicts', async () => {
    const { api, read } = await openConsole()
    await api.register()
    const page = await read('deliveries?lang=en')
    expect(page).toContain('no webhook yet')
    expect(page).not.toContain('no registration')
  })

  test('says what an error means', async () => {
    const { api, read } = await openConsole()
    await api.registerAndSend(null)
    expect(await read('deliveries?lang=en')).toMatch(
      /<code class="whole">no_response ECONNREFUSED<\/code><br><small>[^<]{20}/,
    )
    expect(await read('registrations')).toContain(`href="partners/${api.partner.id}"`)
  })

  test('holds all webhooks, says so on every page of operators, and resumes them there', async () => {
    const { api, visit, post, cookieOf } = await openConsole()
    const [admin, partner] = [await cookieOf(ADMIN_TOKEN), await cookieOf(api.partner.key)]
    const alertOn = async (path: string, cookie = admin) =>
      (await (await visit(path, cookie)).text()).includes('class="hold bad"')
    const pages = ['', 'audit', 'deliveries', 'tokens', 'nothing']
    for (const path of pages) expect(await alertOn(path), path).toBe(false)
    expect((await post('deliveries/hold', { why: 'their move' }, admin)).status).toBe(303)
    for (const path of pages) expect(await alertOn(path), path).toBe(true)
    expect(await alertOn('', partner)).toBe(false)
    expect(await (await visit('deliveries', admin)).text()).toContain('action="deliveries/resume"')
    await post('deliveries/resume', {}, admin)
    expect(await alertOn('')).toBe(false)
  })

  test('enables a URL that is held', async () => {
    const { api, read, post, cookieOf } = await openConsole()
    await api.registerAndSend(410)
    const show = async (token: string) => read('deliveries', await cookieOf(token))
    expect(await show(ADMIN_TOKEN)).toMatch(/it answered 410[\s\S]*<bdi class="name">one<\/bdi>/)
    const form = { partnerId: api.partner.id, callbackUrl: HOOK, why: '' }
    const { text: reader } = await api.addToken('read')
    expect((await post('deliveries/enable', form, await cookieOf(reader))).status).toBe(403)
    const { text: operator } = await api.addToken('operate')
    const answer = await post('deliveries/enable', { ...form, why: 'mended' }, await cookieOf(operator))
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '../deliveries'])
    expect(await show(operator)).not.toContain('it answered 410')
    const { json } = await api.admin('GET', '/audit?act=callback.enable')
    expect(json.data[0]).toMatchObject({ reason: 'mended', outcome: 'done' })
  })

  test('offers to enable no URL where nothing is held, but to resend what failed', async () => {
    const { api, show } = await openFailing()
    await api.registerAndSend(503, { idcardid: 'two' })
    const page = await show('deliveries')
    expect(page).not.toContain('deliveries/enable')
    const query = `partner=${api.partner.id}&amp;host=partner.example&amp;error=http_503`
    expect(page).toContain(`href="bulk/new?act=resend&amp;${query}"`)
  })

  test('shows a webhook that waits for its URL as held, and finds it by that', async () => {
    const { api, show } = await openFailing()
    for (const idcardid of ['two', 'three']) await api.register({ idcardid })
    while (await api.succeed()) api.clock.now += 1_000
    await api.receiveWith(410, { slots: 1 })
    await api.receiveWith(200)
    const { text: token } = await api.addToken('read')
    for (const who of [token, api.partner.key]) {
      const page = await show('deliveries?delivery=held&lang=en', who)
      expect(page.match(/<a href="registrations\/reg_/g)).toHaveLength(1)
      expect(page).toMatch(/<span class="[^"]*warned[^"]*">held<\/span>/)
      expect(await show('deliveries?delivery=pending&lang=en', who)).toMatch(
        /<span class="[^"]*warned[^"]*">held<\/span>/,
      )
      expect(await show('deliveries?delivery=exhausted&lang=en', who)).not.toContain('>held</span>')
    }
  })

  test('shows who only reads the groups, and why not the URLs', async () => {
    const { api, show } = await openFailing()
    const { text } = await api.addToken('read')
    const page = await show('deliveries', text)
    expect(page).toContain('http_503')
    expect(page).toContain('This needs a token with the role operate')
  })
})

describe('the list of webhooks', () => {
  test('has only registrations with a webhook, filtered by host and state, for operators and for partners', async () => {
    const { api, show } = await openFailing()
    await api.register({ idcardid: 'waiting' })
    for (const token of [ADMIN_TOKEN, api.partner.key]) {
      const shown = async (query: string) =>
        (await show(`deliveries${query}`, token)).match(/form="ticked" name="reg_/g)?.length
      expect(await shown('')).toBe(1)
      expect(await shown('?host=partner.example&delivery=exhausted')).toBe(1)
      expect(await shown('?host=other.example')).toBeUndefined()
      expect(await shown('?delivery=delivered')).toBeUndefined()
    }
    expect(await show('deliveries', api.other.key)).not.toContain('form="ticked"')
  })

  test('has no boxes to select rows by for who only reads', async () => {
    const { api, show } = await openFailing()
    const { text } = await api.addToken('read')
    const page = await show('deliveries?delivery=exhausted', text)
    expect(page).toContain('http_503')
    expect(page).not.toContain('checkbox')
  })

  test('acts on all rows of a page by the box in its head, without a script too', async () => {
    const { api, show, post, cookieOf } = await openFailing()
    await api.register({ idcardid: 'another' })
    await api.succeed()
    const page = await show('deliveries?host=partner.example', api.partner.key)
    const [, all = ''] = /<thead>.*<input type="checkbox" form="ticked" name="all" value="([^"]*)"/.exec(page) ?? []
    expect(all.split(' ')).toHaveLength(2)
    const [one = ''] = all.split(' ')
    const answer = await post('registrations/resend', { all, [one]: '1' }, await cookieOf(api.partner.key))
    expect(await answer.text()).toContain('<dd>2</dd>')
    expect(await api.receiveWith(200)).toBe(2)
  })

  test('acts on what is selected, and tells which were refused', async () => {
    const { api, post, cookieOf } = await openFailing()
    const [{ id }] = (await api.call('GET', '/v1/registrations')).json.data
    const { id: waiting } = await api.register({ idcardid: 'waiting' })
    const form = { [waiting]: '1', [id]: '1', why: 'mended' }
    const answer = await post('registrations/resend', form, await cookieOf())
    expect(answer.status).toBe(200)
    expect((await answer.text()).match(/href="[^"]*reg_\w+"/g)).toEqual([expect.stringContaining(waiting)])
    const { json } = await api.admin('GET', '/audit?act=registration.resend')
    const acts = json.data.map((one: Record<string, string>) => [one.object, one.reason, one.outcome])
    expect(acts).toContainEqual([id, 'mended', 'done'])
    expect(acts).toContainEqual([waiting, 'mended', 'refused'])
  })
})

describe('to partners', () => {
  test('links how many are retried to their list', async () => {
    const { api, read, cookieOf } = await openConsole()
    const cookie = await cookieOf(api.partner.key)
    await api.registerAndSend(503, { idcardid: 'retried' })
    await api.register({ idcardid: 'waiting' })
    expect(await read('deliveries', cookie)).toContain('<a href="registrations?delivery=pending">1</a>')
    const list = await read('registrations?delivery=pending', cookie)
    expect(list).toContain('>retried</a>')
    expect(list).not.toContain('>waiting</a>')
  })

  test('tests a URL that fails, and shows the answer as text', async () => {
    const { api, show, post, cookieOf } = await openFailing({
      testCallback: async () => ({
        at: Date.now(),
        outcome: 'rejected',
        httpStatus: 502,
        error: null,
        durationMs: 7,
        responseExcerpt: '</pre><script>alert(1)</script>\u202e',
        origin: null,
      }),
    })
    expect(await show('deliveries', api.partner.key)).toContain(`value="${HOOK}"`)
    expect(await show('deliveries', api.other.key)).not.toContain(HOOK)
    const answer = await post('deliveries/test', { callbackUrl: HOOK }, await cookieOf(api.partner.key))
    const page = await answer.text()
    expect(page).toContain('The test did not arrive')
    expect(page).toContain('502')
    expect(page).toContain('&lt;/pre&gt;&lt;script&gt;')
    const refused = await post('deliveries/test', { callbackUrl: 'http://' }, await cookieOf(api.partner.key))
    expect(refused.status).toBe(422)
  })

  test('offers no test of a URL that the operator has disabled, which only the operator enables', async () => {
    const { api, show } = await openFailing()
    await api.store.disableCallback({ partnerId: api.partner.id, callbackUrl: HOOK })
    const page = await show('deliveries', api.partner.key)
    expect(page).toContain(HOOK)
    expect(page).not.toContain('type="hidden" name="callbackUrl"')
    expect(page).not.toContain('five days')
  })

  test('sends again what was given up of a span of their zone, and shows how far that is', async () => {
    const { api, show, post, visit, cookieOf } = await openFailing()
    const cookie = await cookieOf(api.partner.key)
    // 16:20 UTC, as picked in Beijing.
    const form = { since: '2026-11-25T00:20', until: '', zone: 'Asia/Shanghai' }
    const location = (await post('deliveries/resend', form, cookie)).headers.get('location') ?? ''
    const [, path = ''] = /^\.\.\/(deliveries\/resend\/resend_\w+)$/.exec(location) ?? []
    const page = await show(path, api.partner.key)
    expect(page).toContain('<dd>0 / 1</dd>')
    expect(page).toContain('data-live')
    while (!(await api.store.continueBulkActs(10)).isIdle);
    const done = await show(path, api.partner.key)
    expect(done).toContain('<dd>1 / 1</dd>')
    expect(done).not.toContain('data-live')
    expect((await visit(path, await cookieOf(api.other.key))).status).toBe(404)
    expect((await post('deliveries/resend', { since: '', zone: 'UTC' }, cookie)).status).toBe(422)
  })
})
