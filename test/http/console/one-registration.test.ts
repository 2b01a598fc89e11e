import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { ADMIN_TOKEN } from '../support/api.ts'
import { openConsole } from './support.ts'

const HOSTILE = `<script>alert(1)</script>\u202e"'`

/** One whose webhook has failed, and one that waits for its verdict. */
const populate = async () => {
  const opened = await openConsole()
  const { api, cookieOf, cookieOfRole } = opened
  const sent = await api.registerAndSend(503, { metadata: { order: HOSTILE } })
  api.clock.now += SECOND
  const waits = await api.register({ idcardid: 'waits' })
  const cookies = {
    admin: await cookieOf(),
    operate: await cookieOfRole('operate'),
    read: await cookieOfRole('read'),
    partner: await cookieOf(api.partner.key),
    other: await cookieOf(api.other.key),
  }
  const read = async (path: string, who: keyof typeof cookies) => opened.read(path, cookies[who])
  const stateOf = async (id: string) => (await api.admin('GET', `/registrations/${id}`)).json
  return { ...opened, cookies, read, stateOf, sent: sent.id as string, waits: waits.id as string }
}

describe('a registration', () => {
  test('shows its partner the headers of its webhook, which its body fits to', async () => {
    const { api, read, sent } = await populate()
    const page = await read(`registrations/${sent}`, 'partner')
    const [{ headers }] = (await api.call('GET', '/v1/events')).json.data
    const [, shown] = /<pre id="headers" tabindex="0">(.*?)<\/pre>/s.exec(page) ?? []
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    expect(shown?.split('\n')).toEqual(['content-type: application/json', ...lines, 'webhook-attempt: 1'])
  })

  test.each([
    ['en', 'answered HTTP 503', 'no response · no_response'],
    ['zh', '返回 HTTP 503', '无响应 · no_response'],
  ])(
    'has in %s other words for an error that was answered than for a port where nothing listens',
    async (lang, answered, silent) => {
      const { api, read, sent } = await populate()
      api.clock.now += 5 * MINUTE
      await api.receiveWith(null)
      const page = await read(`registrations/${sent}?lang=${lang}`, 'partner')
      for (const words of [answered, silent]) expect(page).toContain(words)
      expect(page).not.toMatch(/ · (refused|被拒绝)/)
    },
  )

  test.each(['admin', 'partner'] as const)(
    'is shown to %s, but what came with the verdict only to who asks for it',
    async who => {
      const { read, sent } = await populate()
      const page = await read(`registrations/${sent}`, who)
      for (const mark of ['The verification succeeded', '16236437872836', 'https://partner.example/hook', '503'])
        expect(page).toContain(mark)
      for (const mark of ['hello', sent.replace('reg_', 'msg_'), 'id="curl"', 'id="json"']) expect(page).toContain(mark)
      expect(page.includes('<summary>Show</summary><bdi>认证成功</bdi> · similarity 100')).toBe(who === 'partner')
      for (const mark of ['认证成功', 'similarity 100', 'order'])
        expect([mark, page.includes(mark)]).toEqual([mark, who === 'partner'])
      expect(page.includes('name="why"')).toBe(who === 'admin')
      expect(page).not.toContain('<script>alert')
      expect(page).not.toContain(ADMIN_TOKEN)
    },
  )

  test('has no text that turns what stands beside it', async () => {
    const { api, read, cookieOf } = await openConsole()
    const { id } = await api.register({ metadata: { note: '\u202eturned' } })
    const message = '\u202eturned'
    const verdict = { status: 'FAIL', message, livingScore: null, similarity: '100' } as const
    await api.answerWith({ kind: 'verdict', code: 2, verdict })
    const page = await read(`registrations/${id}`, await cookieOf(api.partner.key))
    expect(page.match(/.{5}\u202e[^<]*.{6}/g)).toEqual([`<bdi>${message}</bdi>`])
    expect(page.match(/\\u202eturned/g)).toHaveLength(5)
  })

  test('is revealed to the role admin, for a reason that the audit has', async () => {
    const { api, read, post, visit, cookies, sent } = await populate()
    for (const who of ['read', 'operate', 'partner'] as const)
      expect([who, (await read(`registrations/${sent}`, who)).includes('/reveal"')]).toEqual([who, false])
    const revealed = await post(`registrations/${sent}/reveal`, { why: 'the person asks' }, cookies.admin)
    expect([revealed.status, revealed.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const page = await revealed.text()
    const body = (await api.call('GET', '/v1/events')).json.data[0].body
    const bodyOn = (page: string) => /<pre id="body" tabindex="0">(.*?)<\/pre>/s.exec(page)?.[1]
    const pretty = JSON.stringify(JSON.parse(body), null, 2)
    expect(bodyOn(page)?.replaceAll('&quot;', '"')).toContain(pretty.slice(0, pretty.indexOf('"metadata"')))
    expect(page).not.toContain('webhook-signature: v1')
    expect(bodyOn(await read(`registrations/${sent}`, 'admin'))).toBeUndefined()
    for (const mark of ['认证成功', 'similarity 100', 'order']) expect(page).toContain(mark)
    expect(page).not.toContain('/reveal"')
    expect(page).not.toContain('<script>alert')
    expect((await visit(`registrations/${sent}/reveal`, cookies.admin)).headers.get('location')).toBe(
      `../../registrations/${sent}`,
    )
    expect((await post(`registrations/${sent}/reveal`, { why: '' }, cookies.admin)).status).toBe(422)
    expect((await api.admin('GET', '/audit')).json.data).toMatchObject([
      { act: 'registration.reveal', object: sent, reason: null, outcome: 'refused' },
      { act: 'registration.reveal', object: sent, reason: 'the person asks', outcome: 'done' },
    ])
  })

  test('has the body of its webhook for its partner, and says if it is thin or erased', async () => {
    const { api, read, sent, waits } = await populate()
    expect(await read(`registrations/${sent}`, 'partner')).toContain('<pre id="body"')
    await api.admin('PATCH', `/partners/${api.partner.id}`, { payload: 'thin' })
    await api.succeed()
    const [full, thin] = await Promise.all([sent, waits].map(id => read(`registrations/${id}`, 'partner')))
    expect([full, thin].map(page => page?.includes('without the scores'))).toEqual([false, true])
    await api.call('DELETE', `/v1/registrations/${sent}?erase=true`)
    const erased = await read(`registrations/${sent}`, 'partner')
    expect([erased.includes('<pre id="body"'), erased.includes('<dd>erased</dd>')]).toEqual([false, true])
  })

  test('is shown in Chinese', async () => {
    const { read, sent } = await populate()
    expect(await read(`registrations/${sent}?lang=zh`, 'admin')).toContain('核验通过')
  })

  test.each(['read', 'operate'] as const)('is masked for %s', async who => {
    const { read, sent } = await populate()
    const page = await read(`registrations/${sent}`, who)
    expect(page).toContain('**36')
    for (const mark of ['16236437872836', '/hook', '认证成功', 'hello', 'order']) expect(page).not.toContain(mark)
  })

  test('of another partner is not there, and no other call is made', async () => {
    const { visit, post, cookies, sent, stateOf } = await populate()
    const before = await stateOf(sent)
    for (const path of [sent, 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH', 'reg_1', 'nothing', '..%2Fme', `${sent}%2Fattempts`])
      expect([path, (await visit(`registrations/${path}`, cookies.other)).status]).toEqual([path, 404])
    for (const act of ['poll', 'resend', 'cancel', 'erase'])
      expect([act, (await post(`registrations/${sent}/${act}`, {}, cookies.other)).status]).toEqual([act, 404])
    expect(await stateOf(sent)).toEqual(before)
  })
})

/** Each moment on the page: its state, its time, and the numbers and names in it. */
const momentsOf = (page: string) =>
  [...page.matchAll(/<li class="([\w-]+)"><time datetime="([^"]+)"[^>]*>[^<]*<\/time><div>(.*?)<\/div><\/li>/gs)].map(
    ([, is = '', at = '', what = '']) => ({ is, at, what: what.replace(/<[^>]*>/g, '') }),
  )
const atOf = (iso: string, ms: number): string => new Date(Date.parse(iso) + ms).toISOString()

describe('the line of time', () => {
  test('goes from the registering to what comes next, with every attempt and act', async () => {
    const { api, post, read, cookies, sent, stateOf } = await populate()
    await post(`registrations/${sent}/resend`, { why: 'their receiver works again' }, cookies.operate)
    api.clock.now += SECOND
    await api.receiveWith(500)
    const { createdAt, delivery } = await stateOf(sent)
    const moments = momentsOf(await read(`registrations/${sent}`, 'admin'))
    expect(moments.map(({ is, at }) => [is, at])).toEqual([
      ['plain', createdAt],
      ['plain', createdAt],
      ['went-well', createdAt],
      ['went-wrong', createdAt],
      ['plain', atOf(createdAt, SECOND)],
      ['went-wrong', atOf(createdAt, 2 * SECOND)],
      ['next', delivery.nextAttemptAt],
    ])
    for (const [n, marks] of [
      [3, ['1', '503', '12\u00a0ms', 'hello']],
      [4, ['值班', 'their receiver works again']],
      [5, ['2', '500', 'hello']],
    ] as const)
      for (const mark of marks) expect(moments[n]?.what).toContain(mark)
  })

  test('has the acts of operators for those alone who may read the audit', async () => {
    const { post, read, cookies, sent } = await populate()
    await post(`registrations/${sent}/resend`, { why: 'a reason' }, cookies.admin)
    for (const who of ['admin', 'operate', 'read', 'partner'] as const)
      expect([who, (await read(`registrations/${sent}`, who)).includes('a reason')]).toEqual([who, who === 'admin'])
  })

  test('has the next poll and the deadline of one that waits', async () => {
    const { api, read, waits, stateOf } = await populate()
    await api.answerWith({ kind: 'waiting', code: 2, status: 'ING' })
    const { createdAt, expiresAt, nextPollAt } = await stateOf(waits)
    expect(momentsOf(await read(`registrations/${waits}`, 'partner')).map(({ is, at }) => [is, at])).toEqual([
      ['plain', createdAt],
      ['plain', createdAt],
      ['next', nextPollAt],
      ['next', new Date(Date.parse(expiresAt) + 10 * MINUTE).toISOString()],
    ])
  })

  test('says why a webhook is held, and numbers attempts of which only the newest are kept', async () => {
    const { api, read } = await populate()
    const { id } = await api.register({ idcardid: 'one', callbackUrl: 'https://gone.example/hook' })
    const held = await api.register({ idcardid: 'two', callbackUrl: 'https://gone.example/hook' })
    while (await api.succeed()) api.clock.now += SECOND
    await api.receiveWith(410, { slots: 1 })
    expect(momentsOf(await read(`registrations/${held.id}`, 'partner')).map(({ is }) => is)).toContain('warned')
    for (let n = 0; n < 54; n++) {
      await api.store.resend(api.partner.id, id)
      api.clock.now += SECOND
      await api.receiveWith(500)
    }
    const attempts = momentsOf(await read(`registrations/${id}`, 'partner')).filter(({ is }) => is === 'went-wrong')
    expect(attempts.map(({ what }) => Number(/\d+/.exec(what)?.[0]))).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 6),
    )
  })

  test('never says that one ended as cancelled before it was', async () => {
    const { api, read, sent, waits } = await populate()
    for (const id of [sent, waits]) await api.call('DELETE', `/v1/registrations/${id}?erase=true`)
    const [ended, cancelled] = await Promise.all([sent, waits].map(id => read(`registrations/${id}`, 'partner')))
    const endOf = (page = '') => momentsOf(page).find(({ what }) => /cancel|erased/.test(what))?.what
    expect([endOf(ended), endOf(cancelled)]).toEqual(['ended; how was erased', 'cancelled'])
  })
})

describe('the forms', () => {
  test('ask for one reason, which only revealing requires', async () => {
    const { post, read, cookies, sent, stateOf } = await populate()
    const form =
      (await read(`registrations/${sent}`, 'admin')).match(/<form method="post" class="row acts">.*?<\/form>/s)?.[0] ??
      ''
    expect(form.match(/name="why"[^>]*required/g)).toHaveLength(1)
    const buttons = [...form.matchAll(/formaction="([^"]*)"( formnovalidate)?/g)].map(([, to = '', free]) => [
      to,
      !free,
    ])
    expect(buttons).toEqual([
      [`../registrations/${sent}/resend`, false],
      [`../registrations/${sent}/reveal`, true],
      [`../registrations/${sent}/erase`, false],
    ])
    expect(await read(`registrations/${sent}`, 'operate')).not.toMatch(/name="why"[^>]*required/)
    expect((await post(`registrations/${sent}/resend`, { why: '' }, cookies.operate)).status).toBe(303)
    expect((await stateOf(sent)).delivery.state).toBe('pending')
  })

  test.each(['partner', 'admin'] as const)('cancel before the end and erase after it, for %s', async who => {
    const { post, read, cookies, sent, waits, stateOf } = await populate()
    const actsOf = async (id: string) =>
      [...(await read(`registrations/${id}`, who)).matchAll(/\/(cancel|erase)"/g)].map(([, act]) => act)
    expect([await actsOf(waits), await actsOf(sent)]).toEqual([['cancel'], ['erase']])
    expect((await post(`registrations/${sent}/cancel`, {}, cookies[who])).status).toBe(409)
    expect((await post(`registrations/${sent}/erase`, {}, cookies[who])).status).toBe(303)
    expect(await stateOf(sent)).toMatchObject({ status: 'cancelled', result: null })
    expect(await read(`registrations/${sent}`, who)).toContain('no longer sent')
  })

  test('are gone once it is cancelled, and what is refused says why', async () => {
    const { post, read, cookies, waits } = await populate()
    expect(await read(`registrations/${waits}`, 'admin')).not.toContain('/resend"')
    expect((await post(`registrations/${waits}/resend`, {}, cookies.admin)).status).toBe(409)
    expect((await post(`registrations/${waits}/cancel`, { why: '' }, cookies.admin)).status).toBe(303)
    expect(await read(`registrations/${waits}`, 'admin')).not.toContain('name="why"')
    const again = await post(`registrations/${waits}/poll`, {}, cookies.admin)
    expect([again.status, await again.text()]).toEqual([409, expect.stringContaining('cancelled')])
  })
})
