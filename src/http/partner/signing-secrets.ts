import type { Context } from 'hono'
import { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import { generateSecret } from '../../core/signature.ts'
import {
  DEFAULT_OVERLAP_MS,
  MAX_LIVE_SECRETS,
  OVERLAP_RULE,
  readOverlap,
  type SigningSecret,
} from '../../store/partners/signing-secrets.ts'
import type { ApiEnv, PartDeps } from '../api-env.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, AT_OR_NULL, DURATION_PATTERN, idField, SHOWN_ONCE } from '../json/fields.ts'
import { listOf } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { packWords } from '../json/validate.ts'
import { keyOf } from './console-links.ts'

const OVERLAP = packWords(OVERLAP_RULE)
const FORM = packWords({
  en: 'must be v1 (HMAC-SHA256) or v1a (ed25519)',
  zh: '必须是 v1（HMAC-SHA256）或 v1a（ed25519）',
})
export const ROTATION = z
  .strictObject({
    overlap: z
      .string(OVERLAP)
      .transform(readOverlap)
      .refine(ms => ms !== null, OVERLAP)
      .meta({
        pattern: DURATION_PATTERN,
        description: 'How long the present secrets keep signing; 24h by default, at most 30d.',
      })
      .optional(),
    type: z.enum(['v1', 'v1a'], FORM).describe('`v1`: HMAC-SHA256, the default. `v1a`: ed25519.').optional(),
  })
  .meta({ id: 'RotateRequest' })

const TOO_MANY_SECRETS = {
  en: `${MAX_LIVE_SECRETS} secrets are live: end an old one, wait until one expires, or rotate with an overlap of 0s, which ends all of them.`,
  zh: `有效的签名密钥已达 ${MAX_LIVE_SECRETS} 个：请停用一个旧的、等其过期，或以 overlap 为 0s 更换密钥，使它们全部失效。`,
}

const NOUN = 'signing secret'
const NEWEST = {
  en: 'This is the newest signing secret: without it no webhook could be signed. If it has leaked, rotate with an overlap of 0s.',
  zh: '这是最新的签名密钥，正用于签名回调，不能删除。若已泄露，请以 overlap 为 0s 更换密钥。',
}

const TYPE = z
  .enum(['v1', 'v1a'])
  .describe('`v1`: HMAC-SHA256 with a shared secret. `v1a`: ed25519, verified with a public key.')
const SIGNING_SECRET = z
  .object({
    id: idField('secret').describe('The id of the secret, to delete it.'),
    type: TYPE,
    createdAt: AT.describe('When it began to sign.'),
    expiresAt: AT_OR_NULL.describe('When it stops signing; null: no end is planned.'),
  })
  .meta({ id: 'SigningSecret', description: 'A signing secret of your webhooks, without its text.' })
export type SigningSecretAnswer = z.output<typeof SIGNING_SECRET>

const NEW_SIGNING_SECRET = z
  .object({
    id: idField('secret').describe('The id of the secret, to delete it.'),
    type: TYPE,
    secret: z.string().meta({
      description: `${SHOWN_ONCE} \`whsec_…\` for \`v1\`, the public key \`whpk_…\` for \`v1a\`.`,
      examples: ['whsec_…'],
    }),
    previousExpiresAt: AT_OR_NULL.describe('When the previous secret stops signing; null: there was none.'),
  })
  .meta({ id: 'NewSigningSecret', description: 'The new signing secret of your webhooks.' })
export type NewSigningSecretAnswer = z.output<typeof NEW_SIGNING_SECRET>

export const viewSecret = (secret: SigningSecret): SigningSecretAnswer => z.decode(SIGNING_SECRET, secret)

/** An operator's rotation is recorded in the audit before it is done; a partner's is not. */
export const rotateSecret = async (
  c: Context<ApiEnv>,
  { store, newId, random }: PartDeps,
  { type = 'v1', overlap }: z.output<typeof ROTATION>,
) => {
  const [partnerId, id, overlapMs] = [c.get('partnerId'), newId('secret'), overlap ?? DEFAULT_OVERLAP_MS]
  const { secret, publicText } = generateSecret(type, random)
  await c.get('beginAct')?.(id, { after: { partnerId, type, overlapSeconds: overlapMs / SECOND } })
  const rotated = await store.rotateSigningSecret(partnerId, { id, type, text: new Secret(secret) }, overlapMs)
  if (!rotated) throw new AppError('conflict', TOO_MANY_SECRETS)
  return c.json(z.decode(NEW_SIGNING_SECRET, { ...rotated, type, secret: publicText }), 201)
}

/** Ends a signing secret of `partnerId`, for the partner or for an operator. */
export const endSecret = async (c: Context<ApiEnv>, { store }: PartDeps, id: string) => {
  const partnerId = c.get('partnerId')
  const beginAct = c.get('beginAct')
  if (beginAct) {
    const live = await store.listSigningSecrets(partnerId)
    await beginAct(id, { before: { partnerId, type: live.find(one => one.id === id)?.type } })
  }
  const outcome = found(await store.endSigningSecret(partnerId, id), NOUN)
  if (outcome === 'newest') throw new AppError('conflict', NEWEST)
  return c.body(null, 204)
}

/** `/v1/signing-secrets`. A new secret is shown once; the private key of a `v1a` secret is never shown. */
export const SECRET_CALLS = {
  'GET /v1/signing-secrets': operation({
    operationId: 'signingSecrets',
    summary: 'List the live signing secrets, newest first',
    description: 'The secrets that sign your webhooks now. Their texts are shown only when they are created.',
    answers: { 200: listOf(SIGNING_SECRET) },
    handle: async (c, { store }) => {
      const secrets = await store.listSigningSecrets(c.get('partnerId'))
      return c.json({ data: secrets.map(viewSecret), nextCursor: null })
    },
  }),
  'POST /v1/signing-secrets/rotate': operation({
    operationId: 'rotateSigningSecret',
    summary: 'Create a new signing secret',
    description: `During the overlap every webhook carries a signature of each live secret; there are at most ${MAX_LIVE_SECRETS}. Not by a console link.`,
    body: ROTATION,
    answers: { 201: NEW_SIGNING_SECRET },
    problems: ['forbidden', 'conflict'],
    handle: (c, deps, { body }) => {
      keyOf(c)
      return rotateSecret(c, deps, body)
    },
  }),
  'DELETE /v1/signing-secrets/:id': operation({
    operationId: 'deleteSigningSecret',
    summary: 'End an old signing secret before its overlap does',
    description:
      'From then on it no longer signs webhooks. The newest secret cannot be deleted: rotate with an overlap of `0s` instead. Deleting it again changes nothing. Not by a console link.',
    id: NOUN,
    answers: { 204: null },
    problems: ['forbidden', 'conflict'],
    handle: (c, deps, { id }) => {
      keyOf(c)
      return endSecret(c, deps, id)
    },
  }),
} satisfies PartnerCalls
