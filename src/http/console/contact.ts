import { html } from 'hono/html'
import type { Words } from '../../core/language.ts'
import { PARTNER_CONTACT_CALLS } from '../admin/contacts.ts'
import { isConsoleLink } from '../console-links.ts'
import type { ContactAnswer } from '../partner/contact.ts'
import type { AttemptAnswer } from '../partner/registration-schemas.ts'
import { CHANNELS } from './alerts.ts'
import { Refused } from './api-calls.ts'
import { actForm, field } from './forms.ts'
import { testPage } from './moments.ts'
import { type ConsolePage, type Fact, facts, type Html, PAGE_NAMES, type Reader } from './page.ts'
import type { Console, Visit } from './visit.ts'
import { BY_KEY } from './words.ts'

const NONE: Words = { en: 'not set', zh: '未设置' }
const REMOVE: Words = { en: 'Remove the contact', zh: '移除通知渠道' }

export const contactFact = ({ t }: Reader, contact: ContactAnswer | null): Fact => [
  PAGE_NAMES.contact,
  contact ? html`${t(CHANNELS[contact.channel])} · <code>${contact.host}</code>` : t(NONE),
]
/** For operators, on the partner's page. */
export const removeContactForm = (visit: Visit) =>
  actForm(visit, {
    to: `partners/${visit.id}/remove-contact`,
    name: REMOVE,
    call: PARTNER_CONTACT_CALLS['DELETE /v1/admin/partners/:id/contact'],
    warning: {
      en: 'The contact gets no more notices about this partner’s URLs. Remove it if a key has leaked: whoever had the key may have set it. The partner can then set another one.',
      zh: '移除后，该渠道不再收到此合作方回调地址的通知。密钥泄露时请移除：该渠道可能是他人用泄露的密钥设置的。合作方可随后重新设置。',
    },
  })

const readContact = async ({ call }: Visit): Promise<ContactAnswer | null> => {
  try {
    return await call<ContactAnswer>('GET', '/v1/contact')
  } catch (error) {
    if (error instanceof Refused && error.problem.status === 404) return null
    throw error
  }
}

/** What a partner without a contact is told beside its failing URLs. */
export const noContact = async (visit: Visit): Promise<Html> =>
  (await readContact(visit))
    ? ''
    : html`<p>${visit.t({ en: 'No contact is set that would be notified of this.', zh: '尚未设置接收此类通知的渠道。' })}
    <a href="${visit.to('contact')}">${visit.t({ en: 'Set a contact', zh: '设置通知渠道' })}</a></p>`

const contactPage = async (visit: Visit): Promise<ConsolePage> => {
  const { t, session } = visit
  const contact = await readContact(visit)
  const test = actForm(visit, { to: 'contact/test', name: { en: 'Send a test', zh: '发送测试' } })
  const remove = actForm(visit, { to: 'contact/remove', name: REMOVE })
  const set = actForm(visit, {
    to: 'contact',
    name: contact ? { en: 'Replace the contact', zh: '更换' } : { en: 'Set the contact', zh: '设置' },
    fields: html`${field(visit, 'url')}${field(visit, 'secret')}`,
  })
  const isLink = isConsoleLink(session.token)
  return {
    body: html`<p>${t({
      en: 'It gets a notice when every attempt at one of your callback URLs has failed for 30 minutes, when a URL is disabled or has answered 410, and when that is over. Its URL and its secret are not shown again.',
      zh: '以下情况会通知该渠道：某个回调地址连续 30 分钟投递失败、被停用或返回 410，以及恢复正常。其地址和密钥不会再次显示。',
    })}</p>${facts(visit, [contactFact(visit, contact)])}
    ${contact ? html`${test}${isLink ? '' : remove}` : ''}${isLink ? html`<p>${t(BY_KEY)}</p>` : set}`,
  }
}

/** `/console/contact`, and for operators on the partner's page: where a partner is notified of failing URLs. */
export const addContact = ({ page, act }: Console): void => {
  page('contact', contactPage)
  act('contact', async ({ call, form }) => {
    await call('PUT', '/v1/contact', { body: await form() })
    return 'contact'
  })
  act('contact/remove', async ({ call }) => {
    await call('DELETE', '/v1/contact')
  })
  act('contact/test', async visit =>
    testPage(visit, await visit.call<AttemptAnswer>('POST', '/v1/contact/test'), 'contact'),
  )
  act('partners/:id/remove-contact', async ({ id, call, form }) => {
    await call('DELETE', `/v1/admin/partners/${id}/contact`, { query: { reason: (await form()).reason } })
  })
}
