import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { webhookHeaders } from '../../src/callback/signing.ts'
import { webhookBody } from '../../src/core/message.ts'
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

const flip = (text: string, at: number): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1)

/** As our own sender sends it. */
const send = async (url: string, headers: Record<string, string>, body: string = BODY) => {
  await using sender = openSender()
  return await sender.send({ partnerId: 'ptn_1', url: `${url}/hook`, headers, body })
}

/** Returns its answer. */
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

    test('takes a notice to the contact, which has no serial', async () => {
      const body = JSON.stringify({ type: 'callback.disabled', data: { subject: 'https://partner.example/old' } })
      expect(await post(url, headersOf({ body }), body)).toBe(204)
      await expect.poll(() => example.output.text).toContain('callback.disabled')
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
  })
}
