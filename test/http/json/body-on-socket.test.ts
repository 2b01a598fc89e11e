import { setImmediate as yieldToLoop } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openListening } from '../../attack/support/listening.ts'
import { head, openRawClient, statusesOf } from '../../attack/support/raw-client.ts'
import { HOOK } from '../support/api.ts'

/** Of a serial of its own for each note. */
const bodyWith = (note: string) =>
  JSON.stringify({ idcardid: note.slice(0, 9), callbackUrl: HOOK, metadata: { note: `${note}é认证🙂` } })

const requestOf = (body: string, authorization: Record<string, string>, path = '/v1/registrations') => {
  const bytes = Buffer.from(body)
  const headers = { ...authorization, 'content-type': 'application/json', 'content-length': String(bytes.length) }
  return Buffer.concat([Buffer.from(head(`POST ${path}`, headers)), bytes])
}

const isAnswered = (times: number) => (text: string) => text.split('"resolvedAt"').length > times

test('a body is read alike whether it arrives with its head, after it, or byte by byte', async () => {
  await using api = await openListening()
  const request = requestOf(bodyWith('a'), api.authorization)
  const bodyAt = request.indexOf('\r\n\r\n') + 4
  const cuts = [[], [bodyAt], [bodyAt + 3], Array.from({ length: request.length - bodyAt }, (_, at) => bodyAt + at)]
  for (const cut of cuts) {
    await using client = await openRawClient(api.url)
    for (const [at, from] of [0, ...cut].entries()) {
      client.send(request.subarray(from, cut[at]))
      await yieldToLoop()
    }
    const text = await client.until(isAnswered(1))
    expect(statusesOf(text)).toHaveLength(1)
    expect(Buffer.from(text, 'latin1').toString()).toContain('"note":"aé认证🙂"')
  }
})

test('a body that may be left out is left out with any headers', async () => {
  await using api = await openListening()
  await using client = await openRawClient(api.url)
  const variants = [
    {},
    { 'content-length': '0' },
    { 'content-type': 'application/json' },
    { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' },
  ]
  let text = ''
  for (const [at, more] of variants.entries()) {
    client.send(head('POST /v1/signing-secrets/rotate', { ...api.authorization, ...more }))
    text = await client.until(seen => statusesOf(seen).length > at)
  }
  client.send(
    `${head('POST /v1/signing-secrets/rotate', { ...api.authorization, 'transfer-encoding': 'chunked' })}0\r\n\r\n`,
  )
  text = await client.until(seen => statusesOf(seen).length > variants.length)
  // Four are live then.
  expect(statusesOf(text)).toEqual([201, 201, 201, 409, 409])
})
