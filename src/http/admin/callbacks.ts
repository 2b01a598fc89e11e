import { Hono } from 'hono'
import { z } from 'zod'
import type { CallbackTrouble } from '../../store/callbacks.ts'
import type { Callback, Store } from '../../store/store.ts'
import { AT, AT_OR_NULL, COUNT, idField, jsonTime, jsonTimeOrNull } from '../json/fields.ts'
import { CURSOR, PAGE_PARAMETERS } from '../json/pagination.ts'
import { invalid, noQuery, readQuery, said } from '../json/validate.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { readAct, WHY } from './authorize.ts'
import { NO_PARTNER } from './search.ts'

export interface AdminCallbackDeps {
  store: Pick<Store, 'findPartner' | 'listCallbacks' | 'enableCallback'>
}

const PARTNER = said({ en: 'must be the id of a partner', zh: '必须是某个合作方的 id' })
const URL_FORM = said({
  en: 'must be the callback URL as it is listed, of 2048 characters at most',
  zh: '必须是列表中给出的回调地址，最多 2048 个字符',
})
const partnerId = z.string(PARTNER).regex(/^\w{1,64}$/, PARTNER)

/** A place in the list: its page has shown it, so it tells nobody anything. */
const PLACE = z.strictObject({ partnerId: z.string(), callbackUrl: z.string() })
const cursorOf = (place: Callback): string => Buffer.from(JSON.stringify(place)).toString('base64url')
const readPlace = (cursor: string): Callback | null => {
  try {
    return PLACE.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    return null
  }
}

export const CALLBACKS_QUERY = z.strictObject({
  partnerId: partnerId.optional().describe('Only the URLs of this partner, also those that have only begun to fail.'),
  limit: PAGE_PARAMETERS.limit,
  cursor: z
    .string()
    .max(8_192, said(CURSOR))
    .transform((cursor, ctx) => {
      const place = readPlace(cursor)
      if (place) return place
      ctx.addIssue({ code: 'custom', message: said(CURSOR) })
      return z.NEVER
    })
    .optional()
    .describe('The nextCursor of the page before.'),
})

export const CALLBACK_ENABLING = z.strictObject({
  partnerId,
  callbackUrl: z.string(URL_FORM).min(1, URL_FORM).max(2_048, URL_FORM),
  ...WHY,
})

export const CALLBACK = z.strictObject({
  partnerId: idField('partner'),
  callbackUrl: z.string(),
  state: z
    .enum(['failing', 'disabled', 'gone'])
    .describe(
      '`failing`: every attempt since `since` has failed. `disabled`: for five days, so its webhooks are held. `gone`: it answered 410, so they are held.',
    ),
  since: AT,
  heldSince: AT_OR_NULL,
  lastError: z.string().nullable().describe('`http_503`, or the `error` of an attempt; null after a 410.'),
  held: COUNT.describe('Webhooks that are held, counted up to 1,000.'),
})
type CallbackAnswer = z.output<typeof CALLBACK>

export const ENABLED_CALLBACK = z.strictObject({
  released: z.boolean().describe('Whether webhooks were held for it, which go out now.'),
})

export const viewCallback = (trouble: CallbackTrouble): CallbackAnswer => ({
  partnerId: trouble.partnerId,
  callbackUrl: trouble.callbackUrl,
  state: trouble.state,
  since: jsonTime(trouble.since),
  heldSince: jsonTimeOrNull(trouble.heldSince),
  lastError: trouble.lastError,
  held: trouble.held,
})

/** For the audit: not the URL, since a partner may have put a secret into it. */
export const callbackFacts = (url: string, disabled: boolean) => ({ host: URL.parse(url)?.host ?? null, disabled })

/** `/v1/admin/callbacks`: URLs that fail or are held. */
export const createAdminCallbacks = ({ store }: AdminCallbackDeps) => {
  const app = new Hono<ApiEnv>()
  const refuseNobody = async (partnerId: string, source: 'query' | 'body'): Promise<void> => {
    if (!(await store.findPartner(partnerId))) throw invalid(source, [{ path: 'partnerId', message: NO_PARTNER }])
  }

  app.get('/', async c => {
    const { partnerId: ofPartner = null, limit, cursor = null } = readQuery(c, CALLBACKS_QUERY)
    if (ofPartner !== null) await refuseNobody(ofPartner, 'query')
    const { troubles, next } = await store.listCallbacks(ofPartner, { after: cursor, limit })
    return c.json({ data: troubles.map(viewCallback), nextCursor: next && cursorOf(next) })
  })

  app.post('/enable', noQuery, async c => {
    const { partnerId, callbackUrl } = await readAct(c, CALLBACK_ENABLING)
    await refuseNobody(partnerId, 'body')
    await c.get('begin')(partnerId, { after: callbackFacts(callbackUrl, false) })
    const released = await store.enableCallback({ partnerId, callbackUrl }, 'operator')
    return c.json({ released } satisfies z.output<typeof ENABLED_CALLBACK>)
  })

  return app
}
