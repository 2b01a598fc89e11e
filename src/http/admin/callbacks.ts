import { z } from 'zod'
import type { CallbackTrouble } from '../../store/store.ts'
import type { Part } from '../api-env.ts'
import { CALLBACK_TROUBLE, idField } from '../json/fields.ts'
import { cursorField, PAGE_PARAMETERS, viewPage } from '../json/pagination.ts'
import { invalid, noQuery, readQuery, said } from '../json/validate.ts'
import { readAct, WHY } from './authorize.ts'
import { NO_PARTNER, PARTNER_ID } from './search.ts'

const URL_FORM = said({
  en: 'must be the callback URL as it is listed, of 2048 characters at most',
  zh: '必须是列表中给出的回调地址，最多 2048 个字符',
})

/** A place in the list: its page has shown it, so it tells nobody anything. */
const PLACE = z.strictObject({ partnerId: z.string(), callbackUrl: z.string() })

export const CALLBACKS_QUERY = z.strictObject({
  partnerId: PARTNER_ID.optional().describe('Only the URLs of this partner, also those that have only begun to fail.'),
  limit: PAGE_PARAMETERS.limit,
  cursor: cursorField(PLACE),
})

export const CALLBACK_ENABLING = z.strictObject({
  partnerId: PARTNER_ID,
  callbackUrl: z.string(URL_FORM).min(1, URL_FORM).max(2_048, URL_FORM),
  ...WHY,
})

export const CALLBACK = z.object({ partnerId: idField('partner'), ...CALLBACK_TROUBLE.shape })

export const ENABLED_CALLBACK = z.strictObject({
  released: z.boolean().describe('Whether webhooks were held for it, which go out now.'),
})

export const viewCallback = (trouble: CallbackTrouble) => z.decode(CALLBACK, trouble)

/** For the audit: not the URL, since a partner may have put a secret into it. */
export const callbackFacts = (url: string, disabled: boolean) => ({ host: URL.parse(url)?.host ?? null, disabled })

/** `/v1/admin/callbacks`: URLs that fail or are held. */
export const addCallbacks: Part = (app, { store }) => {
  const refuseNobody = async (partnerId: string, source: 'query' | 'body'): Promise<void> => {
    if (!(await store.findPartner(partnerId))) throw invalid(source, [{ path: 'partnerId', message: NO_PARTNER }])
  }

  app.get('/v1/admin/callbacks', async c => {
    const { partnerId: ofPartner = null, limit, cursor = null } = readQuery(c, CALLBACKS_QUERY)
    if (ofPartner !== null) await refuseNobody(ofPartner, 'query')
    return c.json(viewPage(await store.listCallbacks(ofPartner, { after: cursor, limit }), viewCallback))
  })

  app.post('/v1/admin/callbacks/enable', noQuery, async c => {
    const { partnerId, callbackUrl } = await readAct(c, CALLBACK_ENABLING)
    await refuseNobody(partnerId, 'body')
    await c.get('begin')(partnerId, { after: callbackFacts(callbackUrl, false) })
    const released = await store.enableCallback({ partnerId, callbackUrl }, 'operator')
    return c.json({ released } satisfies z.output<typeof ENABLED_CALLBACK>)
  })
}
