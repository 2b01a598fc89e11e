import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { DEFAULTS, openApi } from '../support/api.ts'
import { openConsole } from './support.ts'

const config = {
  ...DEFAULTS,
  storage: { ...DEFAULTS.storage, masterKey: new Secret(Buffer.alloc(32, 7).toString('base64')) },
  callback: { ...DEFAULTS.callback, retryScheduleMs: [5_000, 3_600_000] },
}

test('the API has what is in force beside the default, and of a secret whether it is set', async () => {
  await using api = await openApi({ config })
  const { text: key } = await api.addToken('read')
  const { json, text } = await api.call('GET', '/v1/admin/settings', { key })
  const of = (name: string) => json.data.find((one: { name: string }) => one.name === name)
  expect(of('RETRY_SCHEDULE')).toMatchObject({ value: '5s,1h', isDefault: false, secret: false })
  expect(of('RETENTION')).toMatchObject({ value: '30d', default: '30d', isDefault: true })
  expect(of('DATABASE_URL')).toMatchObject({ value: 'file:data/notifier.db', isDefault: true, secret: true })
  expect(of('MASTER_KEY')).toMatchObject({ value: null, default: null, isDefault: false, secret: true })
  expect(of('OPERATOR_URL')).toMatchObject({ value: null, isDefault: true })
  expect(text).not.toContain(config.storage.masterKey.reveal())
})

test('the page shows them to operators alone', async () => {
  const { api, read, visit, cookieOf, cookieOfRole } = await openConsole({ config })
  const page = await read('settings?lang=zh', await cookieOfRole('read'))
  expect(page).toContain('<strong><code>5s,1h</code></strong>')
  expect(page).toContain('已设置（不显示）')
  expect(page).not.toContain(config.storage.masterKey.reveal())
  expect((await visit('settings', await cookieOf(api.partner.key))).status).toBe(404)
})
