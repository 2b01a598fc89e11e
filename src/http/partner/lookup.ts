import { z } from 'zod'
import { operation, type PartnerCalls } from '../calls.ts'
import { serialField } from '../json/fields.ts'
import { bodyLike, invalid, packWords } from '../json/validate.ts'
import { MAX_LOOKUP_RESULTS, pageCost } from '../rates.ts'
import { REGISTRATION, viewRegistration } from './registration-schemas.ts'

/** Maximum size of a body: room for `MAX_SERIALS` of the longest serials and their frame. */
const LOOKUP_BYTES = 128 * 1024
const MAX_SERIALS = 1_000
const SERIALS = packWords({
  en: `must be an array of 1 to ${MAX_SERIALS} serials`,
  zh: `必须是包含 1 到 ${MAX_SERIALS} 个流水号的数组`,
})
const TOO_MANY = {
  en: `have more than ${MAX_LOOKUP_RESULTS} registrations together: send fewer serials at a time`,
  zh: `合计超过 ${MAX_LOOKUP_RESULTS} 条登记：请减少每次的数量`,
}

const LOOKUP_BODY = z
  .strictObject(
    {
      idcardids: z
        .array(serialField(), SERIALS)
        .min(1, SERIALS)
        .max(MAX_SERIALS, SERIALS)
        .describe('A serial may occur more than once.'),
    },
    bodyLike('{"idcardids": ["…", …]}'),
  )
  .meta({ id: 'LookupRequest' })

const LOOKUP_RESULTS = z
  .strictObject({
    data: z
      .array(
        z.strictObject({
          idcardid: z.string().meta({ description: 'As requested.', examples: ['16236437872836'] }),
          registrations: z
            .array(REGISTRATION)
            .describe('Your registrations of this serial, newest first; empty if there are none.'),
        }),
      )
      .describe('One for each serial, in the same order.'),
  })
  .meta({ id: 'LookupResults' })
export type LookupAnswer = z.output<typeof LOOKUP_RESULTS>

/** `POST /v1/registrations/lookup`: the state of many serials, in one call after an outage. */
export const LOOKUP_CALLS = {
  'POST /v1/registrations/lookup': operation({
    operationId: 'lookup',
    summary: 'Look up serials, 1,000 at most',
    description: `All your registrations of each serial, in the order of the request, for example after an outage. A serial that is unknown, or another partner’s, has none. An answer holds ${MAX_LOOKUP_RESULTS} registrations at most: if the serials have more together, it is 422; send fewer serials at a time.`,
    body: LOOKUP_BODY,
    limit: LOOKUP_BYTES,
    answers: { 200: LOOKUP_RESULTS },
    handle: async (c, { store, rates }, { body: { idcardids } }) => {
      const partnerId = c.get('partnerId')
      const taken = pageCost(0, idcardids.length)
      rates.take('items', partnerId, taken)
      const found = await store.lookUpRegistrations(partnerId, [...new Set(idcardids)], MAX_LOOKUP_RESULTS)
      const bySerial = Map.groupBy(found ?? [], ({ idcardid }) => idcardid)
      const count =
        found === null
          ? MAX_LOOKUP_RESULTS
          : idcardids.reduce((sum, idcardid) => sum + (bySerial.get(idcardid)?.length ?? 0), 0)
      rates.give('items', partnerId, taken - pageCost(Math.min(count, MAX_LOOKUP_RESULTS), idcardids.length))
      if (found === null || count > MAX_LOOKUP_RESULTS)
        throw invalid('body', [{ path: 'idcardids', message: TOO_MANY }])
      const data = idcardids.map(idcardid => ({
        idcardid,
        registrations: (bySerial.get(idcardid) ?? []).map(viewRegistration),
      }))
      return c.json({ data } satisfies LookupAnswer)
    },
  }),
} satisfies PartnerCalls
