import { z } from 'zod'
import type { CallbackTrouble } from '../../store/callbacks/health.ts'
import type { Store } from '../../store/store.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { CALLBACK_TROUBLE, idField } from '../json/fields.ts'
import { cursorField, listOf, PAGE_PARAMETERS, viewPage } from '../json/pagination.ts'
import { invalid, packWords } from '../json/validate.ts'
import { WHY } from './authorize.ts'
import { PARTNER_NAME, withPartnerNames } from './partner-names.ts'
import { NO_PARTNER, PARTNER_ID } from './search.ts'

const URL_FORM = packWords({
  en: 'must be the callback URL as it is listed, of 2048 characters at most',
  zh: '必须是列表中给出的回调地址，最多 2048 个字符',
})

/** A place in the list. Its page has shown it, so it reveals nothing. */
const PLACE = z.strictObject({ partnerId: z.string(), callbackUrl: z.string() })

const CALLBACK = z.object({ partnerId: idField('partner'), partnerName: PARTNER_NAME, ...CALLBACK_TROUBLE.shape })

const ENABLED_CALLBACK = z.strictObject({
  released: z
    .boolean()
    .describe('Whether it was disabled or held. If not, there was nothing to enable, and nothing changed.'),
})

export const viewCallback = (trouble: CallbackTrouble & { partnerName: string | null }) => z.decode(CALLBACK, trouble)

/** For the audit: not the URL, since a partner may have put a secret into it. */
export const callbackFacts = (url: string, disabled: boolean) => ({ host: URL.parse(url)?.host ?? null, disabled })

const requirePartner = async (store: Store, partnerId: string, source: 'query' | 'body'): Promise<void> => {
  if (!(await store.findPartner(partnerId))) throw invalid(source, [{ path: 'partnerId', message: NO_PARTNER }])
}

/** URLs that fail or are held. */
export const CALLBACK_CALLS = {
  'GET /v1/admin/callbacks': adminOperation({
    // The list has whole URLs, which are needed to enable one.
    role: 'operate',
    operationId: 'listCallbacks',
    summary: 'List callback URLs that fail or are held',
    description:
      'Ordered by partner and URL. A page scans 1,000 URLs at most, so it may be short or empty and still have a `nextCursor`.',
    query: z.strictObject({
      partnerId: PARTNER_ID.optional().describe('Only URLs of this partner, including those that just began to fail.'),
      limit: PAGE_PARAMETERS.limit,
      cursor: cursorField(PLACE),
    }),
    answers: { 200: listOf(CALLBACK) },
    handle: async (c, { store }, { query: { partnerId: ofPartner = null, limit, cursor = null } }) => {
      if (ofPartner !== null) await requirePartner(store, ofPartner, 'query')
      const { found, next } = await store.listCallbacks(ofPartner, { after: cursor, limit })
      return c.json(viewPage({ found: await withPartnerNames(store, found), next }, viewCallback))
    },
  }),
  'POST /v1/admin/callbacks/enable': adminOperation({
    role: 'operate',
    act: 'callback.enable',
    operationId: 'enableCallback',
    summary: 'Enable a callback URL that is disabled, or answered 410',
    description: 'Its failures are reset, and its held webhooks are sent. Nothing changes for a URL that only fails.',
    body: z.strictObject({
      partnerId: PARTNER_ID,
      callbackUrl: z.string(URL_FORM).min(1, URL_FORM).max(2_048, URL_FORM),
      ...WHY,
    }),
    answers: { 200: ENABLED_CALLBACK },
    handle: async (c, { store }, { body: { partnerId, callbackUrl } }) => {
      await requirePartner(store, partnerId, 'body')
      await c.get('beginAct')(partnerId, { after: callbackFacts(callbackUrl, false) })
      const released = await store.enableCallback({ partnerId, callbackUrl }, 'operator')
      return c.json({ released } satisfies z.output<typeof ENABLED_CALLBACK>)
    },
  }),
} satisfies AdminCalls
