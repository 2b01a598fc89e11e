import { expect, test } from 'vitest'
import { createConnect } from '../../src/callback/connect.ts'
import type { NameResolver } from '../../src/callback/resolve.ts'
import type { Networks } from '../../src/core/address.ts'
import { judgeUrl } from '../../src/core/callback-url.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'

const noNames: NameResolver = { resolve: () => Promise.resolve({ ok: false, detail: 'ENOTFOUND' }), close: () => {} }
const everything: Networks = { contains: () => true }

const targetOf = (url: string) => {
  const verdict = judgeUrl(url, { allowHttp: true, allowed: everything })
  if (!verdict.ok) throw new Error(verdict.message)
  return verdict.url
}

test('M2 the address of the open connection is judged before a byte is written', async () => {
  let asked = 0
  const allowed: Networks = { contains: () => asked++ === 0 }
  await using receiver = await openRawReceiver()
  const connect = createConnect({ allowed, resolver: noNames, proxy: null })
  const opening = connect(targetOf(receiver.url), new AbortController().signal, () => {})
  await expect(opening).rejects.toMatchObject({ failure: { error: 'blocked', detail: 'loopback' } })
  await expect.poll(() => [receiver.connections(), receiver.open()]).toEqual([1, 0])
})

test('M1 an address written out is judged on every connection', async () => {
  const allowed: Networks = { contains: () => false }
  await using receiver = await openRawReceiver()
  const connect = createConnect({ allowed, resolver: noNames, proxy: null })
  const opening = connect(targetOf(receiver.url), new AbortController().signal, () => {})
  await expect(opening).rejects.toMatchObject({ failure: { error: 'blocked' } })
  expect(receiver.connections()).toBe(0)
})

test('aborting ends a handshake at once', async () => {
  await using receiver = await openRawReceiver()
  const connect = createConnect({ allowed: everything, resolver: noNames, proxy: null })
  const controller = new AbortController()
  const opening = connect(targetOf(receiver.url.replace('http:', 'https:')), controller.signal, () => {})
  const ended = expect(opening).rejects.toThrow()
  await expect.poll(() => receiver.open()).toBe(1)
  controller.abort()
  await ended
  await expect.poll(() => receiver.open()).toBe(0)
})
