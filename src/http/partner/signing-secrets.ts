import { Hono } from 'hono'
import { z } from 'zod'
import { DAY, HOUR, readDuration } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import { generateSecret } from '../../core/signature.ts'
import type { SigningSecret, Store } from '../../store/store.ts'
import { jsonTime, jsonTimeOrNull } from '../json/json-time.ts'
import { noQuery } from '../json/query.ts'
import { readBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { NewSigningSecretAnswer, SigningSecretAnswer } from '../openapi/answers.ts'

export interface SigningSecretDeps {
  store: Pick<Store, 'listSigningSecrets' | 'rotateSigningSecret'>
  newId: (prefix: string) => string
  random: (bytes: number) => Buffer
}

const DEFAULT_OVERLAP_MS = 24 * HOUR
const LONGEST_OVERLAP_MS = 30 * DAY
/** Every webhook carries a signature of each. */
const MOST_LIVE = 10
const OVERLAP = 'must be a duration from 0s to 30d, such as 24h'
export const ROTATION = z.strictObject({
  overlap: z
    .string(OVERLAP)
    .transform(readDuration)
    .refine(ms => ms !== null && ms <= LONGEST_OVERLAP_MS, OVERLAP)
    .meta({
      pattern: '^\\d{1,9}(ms|s|m|h|d)$',
      description: 'How long those there are go on signing, 24h unless told, 30d at most.',
    })
    .optional(),
  type: z
    .enum(['v1', 'v1a'], 'must be v1 (HMAC-SHA256) or v1a (ed25519)')
    .describe('HMAC-SHA256, which is the default, or ed25519.')
    .optional(),
})

const TOO_MANY = `${MOST_LIVE} secrets are live: wait until one has expired, or rotate with an overlap of 0s, which ends them.`

const viewSecret = ({ id, type, createdAt, expiresAt }: SigningSecret): SigningSecretAnswer => ({
  id,
  type,
  createdAt: jsonTime(createdAt),
  expiresAt: jsonTimeOrNull(expiresAt),
})

/** `/v1/signing-secrets`. A secret is shown once, when it is made; of a `v1a` one only the public key ever. */
export const createSigningSecrets = ({ store, newId, random }: SigningSecretDeps) => {
  const app = new Hono<ApiEnv>()

  app.get('/', noQuery, async c => {
    const secrets = await store.listSigningSecrets(c.get('partnerId'))
    return c.json({ data: secrets.map(viewSecret), nextCursor: null })
  })

  app.post('/rotate', noQuery, async c => {
    const { type = 'v1', ...body } = await readBody(c, ROTATION)
    const overlapMs = body.overlap ?? DEFAULT_OVERLAP_MS
    const live = await store.listSigningSecrets(c.get('partnerId'))
    if (overlapMs > 0 && live.length >= MOST_LIVE) throw new AppError('conflict', TOO_MANY)
    const { secret, publicText } = generateSecret(type, random)
    const added = { id: newId('secret'), type, text: new Secret(secret) }
    const { id } = await store.rotateSigningSecret(c.get('partnerId'), added, overlapMs)
    return c.json({ id, type, secret: publicText } satisfies NewSigningSecretAnswer, 201)
  })

  return app
}
