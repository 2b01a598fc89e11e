import { Hono } from 'hono'
import { z } from 'zod'
import { DAY, HOUR, readDuration } from '../core/duration.ts'
import { Secret } from '../core/secret.ts'
import { generateSecret } from '../core/signature.ts'
import type { SigningSecret, Store } from '../store/store.ts'
import type { ApiEnv } from './authenticate.ts'
import { jsonTime, jsonTimeOrNull } from './json-time.ts'
import { noQuery } from './query.ts'
import { readBody } from './request-body.ts'

export interface SigningSecretDeps {
  store: Pick<Store, 'listSigningSecrets' | 'rotateSigningSecret'>
  newId: (prefix: string) => string
  random: (bytes: number) => Buffer
}

const DEFAULT_OVERLAP_MS = 24 * HOUR
const LONGEST_OVERLAP_MS = 30 * DAY
const OVERLAP = 'must be a duration from 0s to 30d, such as 24h'
const ROTATION = z.strictObject({
  overlap: z
    .string(OVERLAP)
    .transform(readDuration)
    .refine(ms => ms !== null && ms <= LONGEST_OVERLAP_MS, OVERLAP)
    .optional(),
  type: z.enum(['v1', 'v1a'], 'must be v1 (HMAC-SHA256) or v1a (ed25519)').optional(),
})

const viewSecret = ({ id, type, createdAt, expiresAt }: SigningSecret) => ({
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
    const { overlap, type = 'v1' } = await readBody(c, ROTATION)
    const { secret, publicText } = generateSecret(type, random)
    const added = { id: newId('secret'), type, text: new Secret(secret) }
    const { id } = await store.rotateSigningSecret(c.get('partnerId'), added, overlap ?? DEFAULT_OVERLAP_MS)
    return c.json({ id, type, secret: publicText }, 201)
  })

  return app
}
