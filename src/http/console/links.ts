import { html } from 'hono/html'
import type { Words } from '../../core/language.ts'
import { PARTNER_LINK_CALLS } from '../admin/console-links.ts'
import type { ConsoleLinkAnswer } from '../partner/console-links.ts'
import type { Visit } from './console.ts'
import { actForm, field } from './forms.ts'
import { copied, type Page, time } from './page.ts'

const TITLE: Words = { en: 'A link for this partner', zh: '合作方的控制台链接' }

export const linkForm = (visit: Visit, id: string) =>
  actForm(visit, {
    to: `partners/${id}/link`,
    name: { en: 'Make a link to its pages', zh: '生成控制台链接' },
    call: PARTNER_LINK_CALLS['POST /v1/admin/partners/:id/console-links'],
    fields: field(visit, 'ttl'),
    warning: {
      en: 'Whoever has the link may do what the partner may, with no key, until it ends.',
      zh: '持有链接者无需密钥即可行使该合作方的全部权限，直至链接失效。',
    },
  })

export const makeLink = async (visit: Visit): Promise<Page> => {
  const { id, call, form, baseUrl, t } = visit
  const path = `/v1/admin/partners/${id}/console-links`
  const { url, expiresAt } = await call<ConsoleLinkAnswer>('POST', path, { body: await form() })
  // The call in process knows no address.
  const link = `${baseUrl}/console/enter${new URL(url).search}`
  return {
    title: t(TITLE),
    body: html`<p>${t({ en: 'It is shown only this once, and ends at', zh: '仅显示这一次，失效时间：' })} ${time(visit, expiresAt)}</p>
      ${copied(visit, link)}`,
  }
}
