import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Words } from '../../core/language.ts'
import { PARTNER_SECRET_CALLS } from '../admin/signing-secrets.ts'
import { isConsoleLink } from '../console-links.ts'
import type { NewSigningSecretAnswer, SigningSecretAnswer } from '../partner/signing-secrets.ts'
import { actForm, field, shownOnce } from './forms.ts'
import { type ConsolePage, type Html, PAGE_NAMES, table, time } from './page.ts'
import type { Console, Visit } from './visit.ts'
import { BY_KEY, SIGNING_SECRET } from './words.ts'

/** Page and API calls of a partner's own secrets. */
const OWN = { page: 'secrets', all: '/v1/signing-secrets', one: '/v1/signing-secrets', partner: null as string | null }
/** Page and API calls of a partner's secrets, for operators. */
const ofPartner = (id: string): typeof OWN => ({
  page: `partners/${id}`,
  all: `/v1/admin/partners/${id}/signing-secrets`,
  one: '/v1/admin/signing-secrets',
  partner: id,
})
const ADMIN = PARTNER_SECRET_CALLS['POST /v1/admin/partners/:id/signing-secrets/rotate']

const END: Words = { en: 'End it now', zh: '立即失效' }
const secretTable = (visit: Visit, secrets: readonly SigningSecretAnswer[], page: string | null): Html => {
  const { t } = visit
  const end = (id: string) => actForm(visit, { to: `${page}/end-secret`, call: ADMIN, name: END, hidden: { id } })
  return table(visit, PAGE_NAMES.secrets, {
    items: secrets,
    columns: [
      ['ID', ({ id }) => html`<code>${id}</code>`],
      [{ en: 'Signature', zh: '签名方式' }, ({ type }) => type],
      [{ en: 'Signs since', zh: '启用于' }, ({ createdAt }) => time(visit, createdAt)],
      [{ en: 'Until', zh: '失效于' }, ({ expiresAt }) => time(visit, expiresAt, t({ en: 'no end', zh: '长期' }))],
      // The newest cannot be ended.
      ['', secret => (secret === secrets[0] || page === null ? '' : end(secret.id))],
    ],
  })
}

const rotateForm = (visit: Visit, page: string): Html => {
  const { t } = visit
  return html`<h2>${t({ en: 'New signing secret', zh: '更换签名密钥' })}</h2>
  <p>${t({
    en: 'During the overlap, every webhook carries a signature of each secret, so the receiver can change to the new one at any time.',
    zh: '重叠期内，每次回调都带有新旧密钥各自的签名，接收端可从容切换。',
  })}</p>
  ${actForm(visit, {
    to: `${page}/rotate-secret`,
    name: { en: 'Create a new secret', zh: '生成新密钥' },
    fields: html`${field(visit, 'overlap')}${field(visit, 'type')}`,
  })}`
}

const secretsPart = async (visit: Visit, { all, page }: typeof OWN): Promise<HtmlEscapedString> => {
  const { data } = await visit.call<{ data: SigningSecretAnswer[] }>('GET', all)
  if (isConsoleLink(visit.session.token)) return html`${secretTable(visit, data, null)}<p>${visit.t(BY_KEY)}</p>`
  return html`${secretTable(visit, data, page)}${(await visit.may(ADMIN)) ? rotateForm(visit, page) : ''}`
}
/** The secrets on a partner's page, for operators. */
export const secretsOfPartner = (visit: Visit) => secretsPart(visit, ofPartner(visit.id))

const rotate = async (visit: Visit, { all }: typeof OWN): Promise<ConsolePage> => {
  const { call, form, t } = visit
  const made = await call<NewSigningSecretAnswer>('POST', `${all}/rotate`, { body: await form() })
  return {
    title: t(PAGE_NAMES.secrets),
    body: html`${shownOnce(visit, [[SIGNING_SECRET, made.secret]])}<p>${t({ en: 'The previous secrets end at the latest at', zh: '此前的密钥最迟失效于' })} ${time(visit, made.previousExpiresAt)}</p>`,
  }
}

/** `/console/secrets`, and for operators on the partner's page: the signing secrets of its webhooks. */
export const addSecrets = ({ page, act }: Console): void => {
  page('secrets', async visit => ({ body: secretsPart(visit, OWN) }))
  for (const pathsFor of [() => OWN, ofPartner]) {
    const { page: path } = pathsFor(':id')
    act(`${path}/rotate-secret`, visit => rotate(visit, pathsFor(visit.id)))
    act(`${path}/end-secret`, async visit => {
      const { one, partner } = pathsFor(visit.id)
      const { id = '', reason } = await visit.form()
      await visit.call('DELETE', `${one}/${encodeURIComponent(id)}`, { query: { partner, reason } })
    })
  }
}
