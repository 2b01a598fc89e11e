import { expect, test } from 'vitest'
import { openConsole } from './support.ts'

const openAsPartner = async () => {
  const console = await openConsole()
  const cookie = await console.cookieOf(console.api.partner.key)
  const secrets = async () => (await console.api.call('GET', '/v1/signing-secrets')).json.data
  const page = async () => (await console.visit('secrets?lang=en', cookie)).text()
  return { ...console, cookie, secrets, page }
}

test('a new secret is shown once, and the old one signs on for the overlap', async () => {
  const { post, cookie, secrets, page } = await openAsPartner()
  const shown = await (await post('secrets/rotate-secret', { overlap: '7d', type: 'v1' }, cookie)).text()
  const [secret = ''] = /whsec_[\w+/]+=*/.exec(shown) ?? []
  expect(secret).not.toBe('')
  const [newest, old] = await secrets()
  expect([newest.expiresAt, old.expiresAt]).toEqual([null, '2026-12-01T16:20:00.000Z'])
  const after = await page()
  expect(after).toContain(newest.id)
  expect(after).not.toContain('whsec_')
})

test('an old secret ends by its button, and the newest does not', async () => {
  const { post, cookie, secrets } = await openAsPartner()
  await post('secrets/rotate-secret', { overlap: '24h', type: 'v1a' }, cookie)
  const [newest, old] = await secrets()
  expect((await post('secrets/end-secret', { id: newest.id }, cookie)).status).toBe(409)
  expect((await post('secrets/end-secret', { id: old.id }, cookie)).headers.get('location')).toBe('../secrets')
  expect((await secrets()).map(({ id }: { id: string }) => id)).toEqual([newest.id])
})

test("another partner's secret is not there", async () => {
  const { api, post, cookie, page } = await openAsPartner()
  const theirs = await api.store.listSigningSecrets(api.other.id)
  for (const { id } of theirs) {
    expect((await post('secrets/end-secret', { id }, cookie)).status).toBe(404)
    expect(await page()).not.toContain(id)
  }
  expect(await api.store.listSigningSecrets(api.other.id)).toEqual(theirs)
})
