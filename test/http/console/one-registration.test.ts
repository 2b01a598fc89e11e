import { describe, expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { ADMIN_TOKEN } from '../support/api.ts'
import { openConsole } from './support.ts'

const HOSTILE = `<script>alert(1)</script>\u202e"'`

/** One whose webhook has failed, and one that waits for its verdict. */
const populate = async () => {
  const opened = await openConsole()
  const { api, cookieOf, visit } = opened
  const sent = await api.register({ metadata: { order: HOSTILE } })
  await api.succeed()
  await api.receiveWith(503)
  api.clock.now += SECOND
  const waits = await api.register({ idcardid: 'waits' })
  const cookies = {
    admin: await cookieOf(ADMIN_TOKEN),
    operate: await cookieOf((await api.addToken('operate')).text),
    read: await cookieOf((await api.addToken('read')).text),
    partner: await cookieOf(api.partner.key),
    other: await cookieOf(api.other.key),
  }
  const read = async (path: string, who: keyof typeof cookies) => (await visit(path, cookies[who])).text()
  const stateOf = async (id: string) =>
    (await api.call('GET', `/v1/admin/registrations/${id}`, { key: ADMIN_TOKEN })).json
  return { ...opened, cookies, read, stateOf, sent: sent.id as string, waits: waits.id as string }
}

describe('a registration', () => {
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
    const { api, visit, cookieOf } = await openConsole()
    const { id } = await api.register({ metadata: { note: '\u202eturned' } })
    const message = '\u202eturned'
    const verdict = { status: 'FAIL', message, livingScore: null, similarity: '100' } as const
    await api.answerWith({ kind: 'verdict', code: 2, verdict })
    const page = await (await visit(`registrations/${id}`, await cookieOf(api.partner.key))).text()
    expect(page.match(/.{5}\u202e[^<]*.{6}/g)).toEqual([`<bdi>${message}</bdi>`])
    expect(page.match(/\\u202eturned/g)).toHaveLength(3)
  })

  test('is revealed to the role admin, for a reason that the audit has', async () => {
    const { api, read, post, visit, cookies, sent } = await populate()
    for (const who of ['read', 'operate', 'partner'] as const)
      expect([who, (await read(`registrations/${sent}`, who)).includes('/reveal"')]).toEqual([who, false])
    const revealed = await post(`registrations/${sent}/reveal`, { why: 'the person asks' }, cookies.admin)
    expect([revealed.status, revealed.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const page = await revealed.text()
    for (const mark of ['认证成功', 'similarity 100', 'order']) expect(page).toContain(mark)
    expect(page).not.toContain('/reveal"')
    expect(page).not.toContain('<script>alert')
    expect((await visit(`registrations/${sent}/reveal`, cookies.admin)).headers.get('location')).toBe(
      `../../registrations/${sent}`,
    )
    expect((await post(`registrations/${sent}/reveal`, { why: '' }, cookies.admin)).status).toBe(422)
    expect((await api.call('GET', '/v1/admin/audit', { key: ADMIN_TOKEN })).json.data).toMatchObject([
      { act: 'registration.reveal', object: sent, reason: null, outcome: 'refused' },
      { act: 'registration.reveal', object: sent, reason: 'the person asks', outcome: 'done' },
    ])
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
    for (const act of ['poll', 'resend', 'cancel'])
      expect([act, (await post(`registrations/${sent}/${act}`, {}, cookies.other)).status]).toEqual([act, 404])
    expect(await stateOf(sent)).toEqual(before)
  })
})

describe('the forms', () => {
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
