import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { webhookHeaders } from '../../src/callback/signing.ts'
import { callbackDisabledBody, webhookBody } from '../../src/core/message.ts'
import { createSigningKey, generateSecret } from '../../src/core/signature.ts'
import { openSender } from '../support/sender.ts'
import { openFolder } from '../support/service.ts'
import { webhookContent } from '../support/webhook-content.ts'
import { build, LANGUAGES, openExample, reasonToSkip } from './languages.ts'

/** The first build in a language may have its whole library to compile. */
const BUILD_MS = 120_000
const MINUTE = 60_000

const current = generateSecret('v1', randomBytes).secret
const older = generateSecret('v1', randomBytes).secret
const foreign = generateSecret('v1', randomBytes).secret
const keyPair = generateSecret('v1a', randomBytes).secret

const BODY = webhookBody(webhookContent(Date.now(), { metadata: { note: 'é 😀 \u2028 </script>' } }))

const headersOf = ({ secrets = [current], at = Date.now(), body = BODY } = {}) =>
  webhookHeaders(
    { id: 'msg_01', body, attempt: 1 },
    secrets.flatMap(secret => createSigningKey(secret) ?? []),
    at,
  )

const flip = (text: string, at: number): Buffer => {
  const bytes = Buffer.from(text)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes
}

/** As our own sender sends it. */
const send = async (url: string, headers: Record<string, string>, body: string | Buffer = BODY) => {
  await using sender = openSender()
  return await sender.send({ partnerId: 'ptn_1', url: `${url}/hook`, headers, body })
}

/** What it was answered. */
const post = async (...webhook: Parameters<typeof send>) => {
  const result = await send(...webhook)
  return result.kind === 'answered' ? result.httpStatus : result.error
}

for (const language of LANGUAGES) {
  const reason = reasonToSkip(language)
  if (reason !== null) {
    test(`the example in ${language.name}`, ({ skip }) => skip(reason))
    continue
  }

  describe(`the example in ${language.name}`, () => {
    let folder: Awaited<ReturnType<typeof openFolder>>
    let example: Awaited<ReturnType<typeof openExample>>
    let url: string

    beforeAll(async () => {
      folder = await openFolder()
      await build(language, folder.path)
      example = await openExample(language, { folder: folder.path, secret: `${current} ${older}` })
      url = example.url ?? ''
    }, BUILD_MS)
    afterAll(async () => {
      await example[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    })

    test('takes a webhook as it is sent, and says which', async () => {
      expect(example.output.text).toMatch(/listening on http:|Development Server \(http:/)
      expect(await post(url, headersOf())).toBe(204)
      // It comes through a pipe of its own, and may be behind the answer.
      await expect.poll(() => example.output.text).toContain('msg_01')
      await expect.poll(() => example.output.text).toContain('16236437872836')
      expect(await post(url, headersOf({ at: Date.now() - 4 * MINUTE }))).toBe(204)
    })

    test('takes the notice of a URL that fails, which has no serial', async () => {
      const notice = { callbackUrl: 'https://partner.example/old', disabledAt: Date.now(), failingSince: 0 }
      const body = callbackDisabledBody({ ...notice, lastError: 'http_503' })
      expect(await post(url, headersOf({ body }), body)).toBe(204)
      await expect.poll(() => example.output.text).toContain('idface.callback_disabled')
      expect(example.output.text).not.toMatch(/undefined|warning/i)
    })

    test('takes it with either secret while one is being changed', async () => {
      for (const secrets of [[older], [foreign, current], [keyPair, foreign, older]])
        expect(await post(url, headersOf({ secrets }))).toBe(204)
    })

    test('refuses a flipped bit, wherever it is', async () => {
      for (const at of [0, BODY.indexOf('SUCCESS'), Buffer.byteLength(BODY) - 1])
        expect(await post(url, headersOf(), flip(BODY, at))).toBe(401)
      expect(await post(url, { ...headersOf(), 'webhook-id': 'msg_02' })).toBe(401)
      expect(await post(url, headersOf(), `${BODY}\n`)).toBe(401)
    })

    test('refuses what was signed too long ago, or for later', async () => {
      for (const at of [Date.now() - 6 * MINUTE, Date.now() + 6 * MINUTE])
        expect(await post(url, headersOf({ at }))).toBe(401)
      await expect.poll(() => example.output.text).toMatch(/refused: timestamp 36\d s old: is the clock right\?/)
    })

    test('says in its answer why it refuses, so that the attempts show it', async () => {
      for (const [headers, excerpt] of [
        [headersOf({ at: Date.now() - 6 * MINUTE }), /^timestamp 36\d s old: is the clock right\?\s?$/],
        [headersOf({ at: Date.now() + 6 * MINUTE }), /^timestamp -3[56]\d s old: is the clock right\?\s?$/],
        [headersOf({ secrets: [foreign] }), /^no signature matches: is WEBHOOK_SECRET the one of this partner\?\s?$/],
        [{ 'content-type': 'application/json' }, /^no webhook: its headers are missing or malformed\s?$/],
      ] as const)
        expect(await send(url, headers)).toMatchObject({
          httpStatus: 401,
          excerpt: expect.stringMatching(excerpt),
        })
    })

    test('refuses what somebody else has signed, or nobody', async () => {
      expect(await post(url, headersOf({ secrets: [foreign] }))).toBe(401)
      expect(await post(url, headersOf({ secrets: [keyPair] }))).toBe(401)
      await expect.poll(() => example.output.text).toContain('refused: no signature matches')
      const good = headersOf()
      for (const signature of ['', 'v1,', 'v1', ' ', good['webhook-signature'].slice(0, -1), 'v1,é'])
        expect(await post(url, { ...good, 'webhook-signature': signature })).toBe(401)
      expect(await post(url, { 'content-type': 'application/json' })).toBe(401)
      for (const timestamp of ['', 'soon', '-1', '1e9', '99999999999999999999'])
        expect(await post(url, { ...good, 'webhook-timestamp': timestamp })).toBe(401)
    })

    test('refuses what is no webhook by its size', async () => {
      const body = 'x'.repeat(70_000)
      expect(await post(url, headersOf({ body }), body)).toBe(413)
    })

    test.each([
      ['nothing', ''],
      ['its beginning', 'whsec_'],
      ['an API key', 'ifn_01M87C357Q2R905WR7JT02C63P_mistaken'],
      ['all but its last character', current.slice(0, -1)],
      ['another beginning', current.replace('whsec_', 'whsek_')],
      ['a space too many', `${current} `],
    ])('says at once, or at the first webhook, that the secret is mistyped: %s', async (_mistake, secret) => {
      await using open = await openExample(language, { folder: folder.path, secret })
      if (open.url !== null) {
        const good = headersOf()
        const mac = createHmac('sha256', '').update(`msg_01.${good['webhook-timestamp']}.${BODY}`).digest('base64')
        expect(await post(open.url, { ...good, 'webhook-signature': `v1,${mac}` })).toBe(500)
      }
      await expect.poll(() => open.output.text).toContain('WEBHOOK_SECRET must be the signing secret as it was shown')
    })
  })
}
