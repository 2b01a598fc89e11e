import { expect, test } from 'vitest'
import { HOOK, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const list = async (query = '') => (await api.admin('GET', `/callbacks${query}`)).json
const enable = (body: object) => api.admin('POST', '/callbacks/enable', body)
const openGone = async (...urls: string[]) => {
  for (const callbackUrl of urls) {
    await api.registerAndSend(410, { idcardid: `${urls.indexOf(callbackUrl) + 1}`, callbackUrl })
    api.clock.now += 1_000
  }
}

test('lists URLs on hold, page by page', async () => {
  const urls = ['https://a.example/', 'https://b.example/', 'https://c.example/']
  await openGone(...urls)
  const first = await list('?limit=2')
  const second = await list(`?limit=2&cursor=${first.nextCursor}`)
  const all = [...first.data, ...second.data]
  expect(all.map(({ callbackUrl }) => callbackUrl)).toEqual(urls)
  expect(all[0]).toMatchObject({
    partnerId: api.partner.id,
    partnerName: 'one',
    state: 'gone',
    lastError: null,
    held: 0,
  })
  expect(second.nextCursor).toBeNull()
  expect((await list(`?partnerId=${api.other.id}`)).data).toEqual([])
  expect((await api.admin('GET', '/callbacks?cursor=x')).status).toBe(400)
})

test('enables one, which the audit tells, without its URL', async () => {
  await openGone(HOOK)
  const { status, json } = await enable({ partnerId: api.partner.id, callbackUrl: HOOK, reason: 'mended' })
  expect([status, json]).toEqual([200, { released: true }])
  expect((await list()).data).toEqual([])
  const { data } = (await api.admin('GET', '/audit?act=callback.enable')).json
  expect(data.at(-1)).toMatchObject({ object: api.partner.id, reason: 'mended', outcome: 'done' })
})

test('enables nothing where nothing is held, and forgets no failure', async () => {
  for (const idcardid of ['1', '2']) {
    await api.registerAndSend(503, { idcardid })
    api.clock.now += 1_000
  }
  const { data: failing } = await list()
  expect(failing).toMatchObject([{ callbackUrl: HOOK, state: 'failing' }])
  expect((await enable({ partnerId: api.partner.id, callbackUrl: HOOK })).json).toEqual({ released: false })
  expect((await list()).data).toEqual(failing)
})

test('a partner that there is not had no callbacks, and one of them enabled', async () => {
  const errors = [{ path: 'partnerId', message: expect.stringContaining('existing') }]
  const listed = await api.admin('GET', '/callbacks?partnerId=partner_none')
  expect([listed.status, listed.json.errors]).toEqual([400, errors])
  const enabled = await enable({ partnerId: 'partner_none', callbackUrl: HOOK })
  expect([enabled.status, enabled.json.errors]).toEqual([422, errors])
  const { data } = (await api.admin('GET', '/audit?act=callback.enable')).json
  expect(data).toMatchObject([{ object: null, outcome: 'refused' }])
})

test('disables one that a recent registration names, however it is spelled, or any with `anyway`', async () => {
  const disable = (body: object) => api.admin('POST', '/callbacks/disable', body)
  const of = { partnerId: api.partner.id, callbackUrl: HOOK.replace('https://', 'HTTPS://') }
  const errors = [{ path: 'callbackUrl', message: expect.stringContaining('anyway') }]
  expect(await disable(of)).toMatchObject({ status: 422, json: { errors } })
  expect((await disable({ ...of, callbackUrl: 'ftp://x.example/' })).status).toBe(422)
  expect((await list()).data).toEqual([])
  await api.register()
  expect((await disable({ ...of, reason: 'floods' })).json).toEqual({ disabled: true, isRegistered: true })
  expect((await disable(of)).json).toEqual({ disabled: false, isRegistered: true })
  expect((await list()).data).toMatchObject([{ callbackUrl: HOOK, state: 'disabled', lastError: 'operator' }])
  const other = { ...of, callbackUrl: 'https://other.example/', anyway: true }
  expect((await disable(other)).json).toEqual({ disabled: true, isRegistered: false })
  const { data } = (await api.admin('GET', '/audit?act=callback.disable')).json
  expect(data.at(-1).outcome).toBe('refused')
  expect(JSON.stringify(data)).not.toContain('/hook')
})
