import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { openConsole } from './support.ts'

type Console = Awaited<ReturnType<typeof openConsole>>

const linkOf = async ({ api }: Console): Promise<string> => {
  const { json } = await api.call('POST', '/v1/console-links', { body: { ttl: '10m' } })
  return new URL(json.url).searchParams.get('link') ?? ''
}
const enter = async ({ post }: Console, link: string) => {
  const answer = await post('enter', { link })
  return { status: answer.status, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', answer }
}

test('a link shows whose pages it opens and begins nothing; its button opens them until the link ends', async () => {
  const console = await openConsole()
  const link = await linkOf(console)
  const shown = await console.visit(`enter?link=${link}`, '')
  expect([shown.status, shown.headers.get('set-cookie'), shown.headers.get('referrer-policy')]).toEqual([
    ...[200, null, 'no-referrer'],
  ])
  const page = await shown.text()
  expect(page).toContain('<strong>one</strong>')
  // Without it a browser names no origin with a form over plain HTTP, and the form is refused.
  expect(page).toContain('<meta name="referrer" content="same-origin">')

  const { status, cookie, answer } = await enter(console, link)
  expect([status, answer.headers.get('location')]).toEqual([303, './'])
  expect(await console.read('?lang=en', cookie)).toContain('Signing secrets')
  console.api.clock.now += 10 * MINUTE
  expect((await console.visit('', cookie)).status).toBe(303)
  expect((await enter(console, link)).status).toBe(401)
  expect(console.api.logged.join('')).not.toContain(link.slice(4))
})

test('a session that a link began ends with the key that made the link', async () => {
  const console = await openConsole()
  const { cookie } = await enter(console, await linkOf(console))
  expect((await console.visit('', cookie)).status).toBe(200)
  await console.api.store.revokeKey(console.api.partner.keyId)
  console.api.clock.now += 1_000
  expect((await console.visit('', cookie)).status).toBe(303)
})

test('what is no link begins nothing, and guesses are counted', async () => {
  const console = await openConsole()
  for (let n = 0; n < 50; n++) expect((await enter(console, `ifl_${n}`)).status).toBe(401)
  expect((await console.visit('enter?link=ifl_x', '')).status).toBe(429)
})

test('an operator makes a link on a page of the partner, as the role allows', async () => {
  const console = await openConsole()
  const { api, cookieOf, cookieOfRole, post, visit, read } = console
  const path = `partners/${api.partner.id}/link`
  const operate = await cookieOfRole('operate')
  expect((await post(path, { ttl: '1h' }, operate)).status).toBe(403)
  const partner = await cookieOf(api.partner.key)
  expect((await post(path, { ttl: '1h' }, partner)).status).toBe(404)
  expect((await visit('', partner)).status).toBe(200)

  const admin = await cookieOf()
  const page = `partners/${api.partner.id}`
  expect(await read(page, admin)).toContain('name="ttl"')
  const made = await (await post(path, { ttl: '1h', why: 'asked by phone' }, admin)).text()
  const url = new URL(/http:\/\/notifier\.example\/console\/enter\?link=[\w-]+/.exec(made)?.[0] ?? '')
  expect((await enter(console, url.searchParams.get('link') ?? '')).status).toBe(303)
  const acts = await api.admin('GET', '/audit?act=partner.console_link')
  expect(acts.json.data[0]).toMatchObject({ reason: 'asked by phone', outcome: 'done' })
  expect((await post('partners/partner_none/link', { ttl: '1h' }, admin)).status).toBe(404)

  await api.store.changePartner(api.partner.id, { disabled: true })
  const disabled = await read(page, admin)
  expect([disabled.includes('name="ttl"'), disabled.includes('audit?act=partner.disable')]).toEqual([false, true])
  expect((await post(path, { ttl: '1h' }, admin)).status).toBe(409)
})
