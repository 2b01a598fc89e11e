import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { PARTNER_SECRET_CALLS } from '../admin/signing-secrets.ts'
import type { NewSigningSecretAnswer, SigningSecretAnswer } from '../partner/signing-secrets.ts'
import type { Query } from './api-calls.ts'
import type { Console, Visit } from './console.ts'
import { actForm, type Form, field, shownOnce } from './forms.ts'
import { type Html, PAGE_NAMES, type Page, table, time } from './page.ts'
import { SIGNING_SECRET } from './words.ts'

/** Where its partner, and where an operator, sends the forms, and what they call. */
interface Place {
  rotate: string
  end: string
  /** Ends one where its id is added. */
  one: string
  all: string
  query: (form: Form) => Query
}
const OWN: Place = {
  rotate: 'secrets/rotate',
  end: 'secrets/end',
  one: '/v1/signing-secrets',
  all: '/v1/signing-secrets',
  query: () => ({}),
}
const ofPartner = ({ id }: Pick<Visit, 'id'>): Place => ({
  rotate: `partners/${id}/rotate-secret`,
  end: `partners/${id}/end-secret`,
  one: '/v1/admin/signing-secrets',
  all: `/v1/admin/partners/${id}/signing-secrets`,
  query: ({ reason }) => ({ partner: id, reason }),
})
const ADMIN = PARTNER_SECRET_CALLS['POST /v1/admin/partners/:id/signing-secrets/rotate']

const secretTable = (visit: Visit, secrets: readonly SigningSecretAnswer[], { end: to }: Place): Html => {
  const { t } = visit
  const end = (id: string) =>
    actForm(visit, { to, call: ADMIN, name: { en: 'End it now', zh: '立即失效' }, hidden: { id } })
  return table(visit, PAGE_NAMES.secrets, {
    items: secrets,
    columns: [
      ['ID', ({ id }) => html`<code>${id}</code>`],
      [{ en: 'Signature', zh: '签名方式' }, ({ type }) => type],
      [{ en: 'Signs since', zh: '启用于' }, ({ createdAt }) => time(visit, createdAt)],
      [{ en: 'Until', zh: '失效于' }, ({ expiresAt }) => time(visit, expiresAt, t({ en: 'no end', zh: '长期' }))],
      // The newest cannot be ended.
      ['', secret => (secret === secrets[0] ? '' : end(secret.id))],
    ],
  })
}

const rotateForm = async (visit: Visit, { rotate: to }: Place): Promise<HtmlEscapedString> => {
  const { t, may } = visit
  if (!(await may(ADMIN))) return html``
  return html`<h2>${t({ en: 'Change the secret', zh: '更换签名密钥' })}</h2>
  <p>${t({
    en: 'For the overlap every webhook carries a signature of each secret, so the receiver may change in its own time.',
    zh: '重叠期内，每次回调都带有新旧密钥各自的签名，接收端可从容切换。',
  })}</p>
  ${actForm(visit, {
    to,
    name: { en: 'Make a new secret', zh: '生成新密钥' },
    fields: html`${field(visit, 'overlap')}${field(visit, 'type')}`,
  })}`
}

const secretsPart = async (visit: Visit, place: Place): Promise<HtmlEscapedString> => {
  const { data } = await visit.call<{ data: SigningSecretAnswer[] }>('GET', place.all)
  return html`${secretTable(visit, data, place)}${rotateForm(visit, place)}`
}
/** Of the page of a partner, for operators. */
export const secretsOfPartner = (visit: Visit) => secretsPart(visit, ofPartner(visit))

const rotate = async (visit: Visit, { all }: Place): Promise<Page> => {
  const { call, form, t } = visit
  const made = await call<NewSigningSecretAnswer>('POST', `${all}/rotate`, { body: await form() })
  return {
    title: t(PAGE_NAMES.secrets),
    body: html`${shownOnce(visit, [[SIGNING_SECRET, made.secret]])}<p>${t({ en: 'The secrets before it sign until', zh: '此前的密钥失效于' })} ${time(visit, made.previousExpiresAt)}</p>`,
  }
}
const end = async ({ call, form }: Visit, { one, query }: Place): Promise<void> => {
  const sent = await form()
  await call('DELETE', `${one}/${encodeURIComponent(sent.id ?? '')}`, { query: query(sent) })
}

/** `/console/secrets`, and for operators on a partner's page: what its webhooks are signed with. */
export const addSecrets = ({ page, act }: Console): void => {
  page('secrets', async visit => ({ body: secretsPart(visit, OWN) }))
  act(OWN.rotate, visit => rotate(visit, OWN))
  act(OWN.end, visit => end(visit, OWN).then(() => 'secrets'))
  act(ofPartner({ id: ':id' }).rotate, visit => rotate(visit, ofPartner(visit)))
  act(ofPartner({ id: ':id' }).end, visit => end(visit, ofPartner(visit)).then(() => `partners/${visit.id}`))
}
