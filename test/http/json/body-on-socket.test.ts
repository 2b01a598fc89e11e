import { setImmediate as turn } from 'node:timers/promises'
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
      await turn()
    }
    const text = await client.until(isAnswered(1))
    expect(statusesOf(text)).toHaveLength(1)
    expect(Buffer.from(text, 'latin1').toString()).toContain('"note":"aé认证🙂"')
  }
})

test('requests of one connection each have their own body', async () => {
  await using api = await openListening()
  await using client = await openRawClient(api.url)
  const notes = ['first', 'second', 'third']
  for (const [at, note] of notes.entries()) {
    client.send(requestOf(bodyWith(note), api.authorization))
    await client.until(isAnswered(at + 1))
  }
  expect([...client.seen.text.matchAll(/"note":"([a-z]+)/g)].map(([, note]) => note)).toEqual(notes)
})

test('a body of many chunks is read to its end, and an empty one is recognised', async () => {
  await using api = await openListening()
  await using client = await openRawClient(api.url)
  const registrations = Array.from({ length: 1_000 }, () => JSON.parse(bodyWith('b'.repeat(500))))
  client.send(requestOf(JSON.stringify({ registrations }), api.authorization, '/v1/registrations/batch'))
  const answered = await client.until(isAnswered(registrations.length))
  expect(statusesOf(answered)).toEqual([200])
  client.send(requestOf('', api.authorization))
  const text = await client.until(seen => seen.includes('The body is empty'))
  expect(statusesOf(text.slice(answered.length))).toEqual([400])
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
