import { Hono } from 'hono'
import { z } from 'zod'
import { DAY, HOUR, readDuration } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import { generateSecret } from '../../core/signature.ts'
import { MOST_LIVE_SECRETS } from '../../store/signing-secret.ts'
import type { SigningSecret, Store } from '../../store/store.ts'
import { AT, AT_OR_NULL, DURATION_PATTERN, idField, jsonTime, jsonTimeOrNull, SHOWN_ONCE } from '../json/fields.ts'
import { noQuery } from '../json/query.ts'
import { hasBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { ReadPartnerBody } from './body-rate.ts'

export interface SigningSecretDeps {
  store: Pick<Store, 'listSigningSecrets' | 'rotateSigningSecret'>
  readBody: ReadPartnerBody
  newId: (prefix: string) => string
  random: (bytes: number) => Buffer
}

const DEFAULT_OVERLAP_MS = 24 * HOUR
const LONGEST_OVERLAP_MS = 30 * DAY
const OVERLAP = 'must be a duration from 0s to 30d, such as 24h'
export const ROTATION = z.strictObject({
  overlap: z
    .string(OVERLAP)
    .transform(readDuration)
    .refine(ms => ms !== null && ms <= LONGEST_OVERLAP_MS, OVERLAP)
    .meta({
      pattern: DURATION_PATTERN,
      description: 'How long the present secrets keep signing; 24h by default, at most 30d.',
    })
    .optional(),
  type: z
    .enum(['v1', 'v1a'], 'must be v1 (HMAC-SHA256) or v1a (ed25519)')
    .describe('`v1`: HMAC-SHA256, the default. `v1a`: ed25519.')
    .optional(),
})

const TOO_MANY = `${MOST_LIVE_SECRETS} secrets are live: wait until one expires, or rotate with an overlap of 0s, which ends all of them.`

const TYPE = z.enum(['v1', 'v1a'])
export const SIGNING_SECRET = z.strictObject({
  id: idField('secret'),
  type: TYPE,
  createdAt: AT,
  expiresAt: AT_OR_NULL.describe('When it stops signing; null: no end is planned.'),
})
export type SigningSecretAnswer = z.output<typeof SIGNING_SECRET>

export const NEW_SIGNING_SECRET = z.strictObject({
  id: idField('secret'),
  type: TYPE,
  secret: z.string().describe(`${SHOWN_ONCE} \`whsec_…\` for \`v1\`, the public key \`whpk_…\` for \`v1a\`.`),
})
export type NewSigningSecretAnswer = z.output<typeof NEW_SIGNING_SECRET>

const viewSecret = ({ id, type, createdAt, expiresAt }: SigningSecret): SigningSecretAnswer => ({
  id,
  type,
  createdAt: jsonTime(createdAt),
  expiresAt: jsonTimeOrNull(expiresAt),
})

/** `/v1/signing-secrets`. A new secret is shown once; the private key of a `v1a` secret is never shown. */
export const createSigningSecrets = ({ store, readBody, newId, random }: SigningSecretDeps) => {
  const app = new Hono<ApiEnv>()

  app.get('/', noQuery, async c => {
    const secrets = await store.listSigningSecrets(c.get('partnerId'))
    return c.json({ data: secrets.map(viewSecret), nextCursor: null })
  })

  app.post('/rotate', noQuery, async c => {
    const body: z.output<typeof ROTATION> = hasBody(c) ? await readBody(c, ROTATION) : {}
    const { type = 'v1' } = body
    const overlapMs = body.overlap ?? DEFAULT_OVERLAP_MS
    const { secret, publicText } = generateSecret(type, random)
    const added = { id: newId('secret'), type, text: new Secret(secret) }
    const rotated = await store.rotateSigningSecret(c.get('partnerId'), added, overlapMs)
    if (!rotated) throw new AppError('conflict', TOO_MANY)
    return c.json({ id: rotated.id, type, secret: publicText } satisfies NewSigningSecretAnswer, 201)
  })

  return app
}
