import { expect, test } from 'vitest'
import { HOOK, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const BODY = `{"idcardid":"1","callbackUrl":"${HOOK}"}`
const post = (raw: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>, headers = {}) =>
  api.call('POST', '/v1/registrations', { raw, headers })

/** A body without a length; counts what was taken of it. */
const stream = (chunk: Uint8Array, times: number) => {
  const taken = { chunks: 0 }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken.chunks++ >= times) controller.close()
        else controller.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )
  return { body, taken }
}

test.each([
  'application/json',
  'Application/JSON',
  'application/json; charset=UTF-8',
  'application/json;charset="utf-8"',
])('takes %s', async type => expect((await post(BODY, { 'content-type': type })).status).toBe(201))

test.each(['text/plain', 'application/jsonp', 'application/json; charset=gbk', 'application/problem+json', ''])(
  'answers 415 to %j',
  async type => {
    const { status, json } = await post(BODY, { 'content-type': type })
    expect([status, json.type]).toEqual([415, '/docs/problems#unsupported_media_type'])
  },
)

test.each([
  ['nothing', '', 'is empty'],
  ['half of it', BODY.slice(0, -1), 'not valid JSON'],
  ['deep brackets', '['.repeat(60_000), 'not valid JSON'],
  ['no UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22), 'not valid UTF-8'],
])('answers 400 to %s', async (_, raw, detail) => {
  const { status, json } = await post(raw)
  expect([status, json.type]).toEqual([400, '/docs/problems#invalid_json'])
  expect(json.detail).toContain(detail)
})

test.each([
  ["{'a':1}", 'line 1, column 2'],
  ['{\n  "a": 1,\n}', 'line 3, column 1'],
  ['{"a":\n \'secret\'}', null],
  ['[ (line 2 column 3)', null],
  ['{"idcardid": secret}', null],
  ['{"a":1', 'line 1, column 7'],
  ['"\\u00', 'line 1, column 6'],
])('says where %j is not JSON, and nothing of it', async (raw, place) => {
  for (const language of ['en', 'zh']) {
    const { json } = await post(raw, { 'accept-language': language })
    const [, line, column] = place?.match(/(\d+)\D+(\d+)/) ?? []
    expect(json.detail.match(/\d+/g) ?? []).toEqual(place === null ? [] : [line, column])
    expect(json.detail).not.toContain('secret')
  }
})

test('64 KiB are accepted and one byte more is 413, with a Content-Length or without', async () => {
  const pad = (size: number) => BODY + ' '.repeat(size - BODY.length)
  const lengthOf = (text: string) => ({ 'content-length': String(text.length) })
  for (const [size, status] of [
    [64 * 1024, [201, 200]],
    [64 * 1024 + 1, [413, 413]],
  ] as const) {
    const text = pad(size)
    const answers = [await post(text, lengthOf(text)), await post(text)]
    expect(answers.map(answer => answer.status)).toEqual(status)
  }
})

test('an endless body is read up to the limit only', async () => {
  const { body, taken } = stream(new Uint8Array(1024).fill(0x20), 1_000_000)
  const { status, json } = await post(body)
  expect([status, json.type]).toEqual([413, '/docs/problems#payload_too_large'])
  expect(taken.chunks).toBe(65)
})

test('a body with too large a Content-Length is not read at all', async () => {
  const { body, taken } = stream(new Uint8Array(1024).fill(0x20), 100)
  expect((await post(body, { 'content-length': '1000000' })).status).toBe(413)
  expect(taken.chunks).toBe(0)
})

test('a body that breaks off is a problem of the caller, and no bug', async () => {
  const broken = () => new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Error('aborted')) })
  expect((await post(broken())).status).toBe(400)
  expect((await post(broken(), { 'content-length': '10' })).status).toBe(400)
  expect(api.logged.join('')).not.toContain('request.failed')
})
