import { z } from 'zod'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, COUNT, idField, QUOTAS } from '../json/fields.ts'
import { found } from '../json/problem.ts'
import type { Rate } from '../rates.ts'

const RATE = z.object({
  perSecond: z.number().meta({ description: 'The sustained rate per second.', examples: [200] }),
  burst: z.number().meta({ description: 'The largest burst.', examples: [400] }),
})

const ME = z
  .object({
    partnerId: idField('partner').describe('Your id, for the operator.'),
    name: z.string().meta({ description: 'Your name, as set by the operator.', examples: ['Example Ltd'] }),
    payload: z.enum(['full', 'thin']).describe('`thin` webhooks have neither the message nor the scores.'),
    rate: RATE.describe('Requests with one API key.'),
    registrationRate: RATE.describe('Registrations of the partner, singly or in batches.'),
    quotas: QUOTAS.describe('Your limits.'),
    usage: z
      .object({
        pending: COUNT.describe('Pending registrations.'),
        hosts: COUNT.describe('Different callback hosts.'),
        daily: COUNT.describe('New registrations of the last 24 hours, to the full hour.'),
        at: AT.describe('When these were counted.'),
      })
      .describe('Your usage of the quotas.'),
  })
  .meta({ id: 'Me', description: 'The partner of this key, with its limits and usage.' })
export type MeAnswer = z.output<typeof ME>

const shown = ({ rate, burst }: Rate) => ({ perSecond: rate, burst })

/** `GET /v1/me`: the partner of the key, its limits, and their usage. */
export const ME_CALLS = {
  'GET /v1/me': operation({
    operationId: 'me',
    summary: 'The partner of this key, its limits and their usage',
    description: 'A good first call, to check that a key works.',
    answers: { 200: ME },
    handle: async (c, { store, rates, now }) => {
      const partnerId = c.get('partnerId')
      const { name, payload, quotas } = found(await store.findPartner(partnerId), 'partner')
      const me = z.decode(ME, {
        partnerId,
        name,
        payload,
        rate: shown(rates.limits.requests),
        registrationRate: shown(rates.limits.registrations),
        quotas,
        usage: { ...(await store.usageOf(partnerId)), at: now() },
      })
      return c.json(me)
    },
  }),
} satisfies PartnerCalls
