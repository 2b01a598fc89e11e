import { z } from 'zod'
import { callbackPolicy, hostOf, judgeUrl } from '../../core/callback-url.ts'
import type { Words } from '../../core/language.ts'
import type { CallbackTrouble } from '../../store/callbacks/health.ts'
import { ALL_REGISTRATIONS } from '../../store/registrations/filter.ts'
import type { Store } from '../../store/store.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { CALLBACK_TROUBLE, idField } from '../json/fields.ts'
import { cursorField, listOf, PAGE_PARAMETERS, viewPage } from '../json/pagination.ts'
import { invalid, packWords, TRUE_OR_FALSE } from '../json/validate.ts'
import { WHY } from './authorize.ts'
import { PARTNER_NAME, withPartnerNames } from './partner-names.ts'
import { charged, NO_PARTNER, PARTNER_ID } from './search.ts'

const URL_FORM = packWords({
  en: 'must be the callback URL as it is listed, of 2048 characters at most',
  zh: '必须是列表中给出的回调地址，最多 2048 个字符',
})

/** A place in the list. Its page has shown it, so it reveals nothing. */
const PLACE = z.strictObject({ partnerId: z.string(), callbackUrl: z.string() })

const CALLBACK = z.object({ partnerId: idField('partner'), partnerName: PARTNER_NAME, ...CALLBACK_TROUBLE.shape })

/** Number of the newest registrations at the host in which a URL is looked for. */
const RECENT = 1_000
const UNKNOWN_URL = {
  en: 'must be a URL that a recent registration of the partner names; check its spelling, or disable it nevertheless with anyway (a command: --anyway)',
  zh: '该合作方近期的登记均未使用此地址，请核对；确需停用请加 anyway（命令行为 --anyway）',
}
/** A URL of a partner. */
const TARGET = {
  partnerId: PARTNER_ID,
  callbackUrl: z.string(URL_FORM).min(1, URL_FORM).max(2_048, URL_FORM),
  ...WHY,
}
const DISABLED_CALLBACK = z.strictObject({
  disabled: z.boolean().describe('Whether it was not disabled before.'),
  isRegistered: z.boolean().describe('Whether a recent registration names it.'),
})
const ENABLED_CALLBACK = z.strictObject({
  released: z
    .boolean()
    .describe('Whether it was disabled or held. If not, there was nothing to enable, and nothing changed.'),
})

export const viewCallback = (trouble: CallbackTrouble & { partnerName: string | null }) => z.decode(CALLBACK, trouble)

/** For the audit: not the URL, since a partner may have put a secret into it. */
const callbackFacts = (url: string, disabled: boolean) => ({ host: URL.parse(url)?.host ?? null, disabled })

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
  'POST /v1/admin/callbacks/disable': adminOperation({
    role: 'operate',
    act: 'callback.disable',
    operationId: 'disableCallback',
    summary: 'Send nothing to a callback URL until it is enabled again',
    description: 'Its webhooks are held, and nothing is lost. Only an operator can enable it again.',
    body: z.strictObject({
      ...TARGET,
      callbackUrl: TARGET.callbackUrl.meta({ format: 'uri' }),
      anyway: z.boolean(TRUE_OR_FALSE).optional().describe('Also a URL that no recent registration names.'),
    }),
    answers: { 200: DISABLED_CALLBACK },
    handle: async (c, { store, config, rates }, { body: { partnerId, callbackUrl: typed, anyway = false } }) => {
      await requirePartner(store, partnerId, 'body')
      const refuse = (message: Words) => invalid('body', [{ path: 'callbackUrl', message }])
      // As at registration, so that the URL equals the stored one.
      const verdict = judgeUrl(typed, callbackPolicy(config.callback))
      if (!verdict.ok) throw refuse(verdict.message)
      const callbackUrl = verdict.url.href
      const filter = { ...ALL_REGISTRATIONS, partnerId, host: hostOf(callbackUrl) }
      const { id: who } = c.get('operator')
      const search = { filter, act: null, limit: RECENT, before: null }
      const { found } = await charged(rates, who, () => store.searchRegistrations(search, who))
      const isRegistered = found.some(one => one.callbackUrl === callbackUrl)
      if (!isRegistered && !anyway) throw refuse(UNKNOWN_URL)
      await c.get('beginAct')(partnerId, { after: callbackFacts(callbackUrl, true) })
      const disabled = await store.disableCallback({ partnerId, callbackUrl })
      return c.json({ disabled, isRegistered } satisfies z.output<typeof DISABLED_CALLBACK>)
    },
  }),
  'POST /v1/admin/callbacks/enable': adminOperation({
    role: 'operate',
    act: 'callback.enable',
    operationId: 'enableCallback',
    summary: 'Enable a callback URL that is disabled, or answered 410',
    description: 'Its failures are reset, and its held webhooks are sent. Nothing changes for a URL that only fails.',
    body: z.strictObject(TARGET),
    answers: { 200: ENABLED_CALLBACK },
    handle: async (c, { store }, { body: { partnerId, callbackUrl } }) => {
      await requirePartner(store, partnerId, 'body')
      await c.get('beginAct')(partnerId, { after: callbackFacts(callbackUrl, false) })
      const released = await store.enableCallback({ partnerId, callbackUrl }, 'operator')
      return c.json({ released } satisfies z.output<typeof ENABLED_CALLBACK>)
    },
  }),
} satisfies AdminCalls
