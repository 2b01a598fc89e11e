import { expect, test, vi } from 'vitest'
import { openApi, openApiForEach, START } from '../support/api.ts'

const api = openApiForEach()

const ROBOT = 'https://oapi.dingtalk.com/robot/send?access_token=the-key'
const OWN = 'https://partner.example:8443/told?token=private'
const WHSEC = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const put = (body: unknown, headers: Record<string, string> = {}) => api.call('PUT', '/v1/contact', { body, headers })

test('shows the host of what is set, and nothing that is secret of it', async () => {
  const set = await put({ url: ROBOT, secret: 'SEC-of-the-robot' }, { 'accept-language': 'zh-CN' })
  expect(set.json).toEqual({ channel: 'dingtalk', host: 'oapi.dingtalk.com' })
  const shown = await api.call('GET', '/v1/contact')
  expect([shown.status, shown.json]).toEqual([200, set.json])
  expect(set.text + shown.text + api.logged.join()).not.toMatch(/the-key|of-the-robot/)
  const own = await put({ url: OWN })
  expect(own.json).toMatchObject({ channel: 'webhook', host: 'partner.example:8443' })
  expect(own.text).not.toMatch(/private/)
  expect((await put({ url: OWN, secret: WHSEC })).status).toBe(200)
})

test('is removed, and there is none before and afterwards', async () => {
  const none = async () => [
    (await api.call('GET', '/v1/contact')).status,
    (await api.call('POST', '/v1/contact/test')).status,
  ]
  expect(await none()).toEqual([404, 404])
  await put({ url: OWN })
  for (let n = 0; n < 2; n++) expect((await api.call('DELETE', '/v1/contact')).status).toBe(204)
  const { json } = await api.call('GET', '/v1/contact', { headers: { 'accept-language': 'zh' } })
  expect(json).toMatchObject({ type: '/docs/problems#not_found', detail: expect.stringContaining('尚未设置') })
  expect(await none()).toEqual([404, 404])
})

test.each([
  [{}, ['url']],
  [{ url: 'http://partner.example/' }, ['url']],
  [{ url: 'https://10.0.0.1/' }, ['url']],
  [{ url: OWN, secret: 'SECx' }, ['secret']],
  [{ url: OWN, secret: 'whsec_short' }, ['secret']],
  [{ url: OWN, secret: '' }, ['secret']],
  [{ url: ROBOT, secret: 'has space' }, ['secret']],
  [{ url: ROBOT, secret: 7 }, ['secret']],
  [{ url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k', secret: 'x' }, ['secret']],
  [{ url: 'https://hooks.slack.com/services/T/B/k', secret: 'x' }, ['secret']],
  [{ url: OWN, channel: 'webhook' }, ['channel']],
  [{ url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send' }, ['url']],
  [{ url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=' }, ['url']],
  [{ url: 'https://oapi.dingtalk.com/robot/send?token=k' }, ['url']],
  [{ url: 'https://open.feishu.cn/' }, ['url']],
  [{ url: 'https://open.larksuite.com/open-apis/bot/v2/hook/' }, ['url']],
  [{ url: 'https://hooks.slack.com/services' }, ['url']],
])('refuses %j and names the field', async (body, paths) => {
  const { status, json } = await put(body)
  expect([status, json.errors.map(({ path }: { path: string }) => path)]).toEqual([422, paths])
  expect((await api.call('GET', '/v1/contact')).status).toBe(404)
})

test.each([
  'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k',
  'https://oapi.dingtalk.com/robot/send?lang=zh&access_token=k',
  'https://open.feishu.cn/open-apis/bot/v2/hook/k',
  'https://open.larksuite.com/open-apis/bot/v2/hook/k',
  'https://hooks.slack.com/services/T/B/k',
])('takes the robot %s', async url => {
  expect((await put({ url })).status).toBe(200)
})

test('is neither set nor removed by a console link', async () => {
  const { json } = await api.call('POST', '/v1/console-links')
  const key = new URL(json.url).searchParams.get('link') ?? ''
  await put({ url: OWN })
  for (const [method, body] of [['PUT', { url: ROBOT }], ['DELETE']] as const)
    expect(await api.call(method, '/v1/contact', { key, body })).toMatchObject({
      ...{ status: 403, json: { detail: expect.stringContaining('API key') } },
    })
  expect((await api.call('GET', '/v1/contact', { key })).json.host).toBe('partner.example:8443')
})

test('is shown to operators by its kind and host, and removed by them', async () => {
  const path = `/partners/${api.partner.id}`
  expect((await api.admin('GET', path)).json.contact).toBeNull()
  expect((await api.admin('GET', `${path}/contact`)).status).toBe(404)
  await put({ url: OWN })
  const contact = { channel: 'webhook', host: 'partner.example:8443' }
  expect((await api.admin('GET', path)).json.contact).toEqual(contact)
  expect((await api.admin('GET', `${path}/contact`)).json).toEqual(contact)
  for (let n = 0; n < 2; n++) expect((await api.admin('DELETE', `${path}/contact?reason=leaked`)).status).toBe(204)
  expect((await api.call('GET', '/v1/contact')).status).toBe(404)
  const acts = (await api.admin('GET', '/audit')).json.data
  const removed = { act: 'partner.remove_contact', object: api.partner.id, reason: 'leaked', outcome: 'done' }
  expect(acts).toMatchObject([removed, { ...removed, changes: { host: { before: contact.host } } }])
  expect((await api.admin('DELETE', '/partners/partner_nobody/contact')).status).toBe(404)
})

test('is tested and set at the rate of callbacks, and the attempt is answered', async () => {
  const attempt = { at: START, outcome: 'rejected', httpStatus: 200, error: 'errcode 300005', durationMs: 7 } as const
  const testContact = vi.fn().mockResolvedValue({ ...attempt, responseExcerpt: 'token is not exist', origin: null })
  await using tested = await openApi({ testContact })
  const { status, json } = await tested.call('POST', '/v1/contact/test')
  expect([status, json]).toMatchObject([200, { outcome: 'rejected', error: 'errcode 300005', errorText: null }])
  expect(testContact.mock.calls).toEqual([[tested.partner.id, expect.stringMatching(/^msg_/)]])
  const statuses: number[] = []
  for (let n = 0; n < 8; n++) statuses.push((await tested.call('POST', '/v1/contact/test')).status)
  const put = { body: { url: OWN } }
  for (let n = 0; n < 2; n++) statuses.push((await tested.call('PUT', '/v1/contact', put)).status)
  expect(statuses).toEqual([...Array(9).fill(200), 429])
})
