import { html } from 'hono/html'
import type { NewSigningSecretAnswer, SigningSecretAnswer } from '../partner/signing-secrets.ts'
import type { Console, Visit } from './console.ts'
import { actForm, field, shownOnce } from './forms.ts'
import { type Html, PAGE_NAMES, type Page, table, time } from './page.ts'
import { SIGNING_SECRET } from './words.ts'

const secretTable = (visit: Visit, secrets: readonly SigningSecretAnswer[]): Html => {
  const { t } = visit
  const end = (id: string) =>
    actForm(visit, { to: 'secrets/end', name: { en: 'End it now', zh: '立即失效' }, hidden: { id } })
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

const rotateForm = (visit: Visit): Html => {
  const { t } = visit
  return html`<h2>${t({ en: 'Change the secret', zh: '更换签名密钥' })}</h2>
  <p>${t({
    en: 'For the overlap every webhook carries a signature of each secret, so the receiver may change in its own time.',
    zh: '重叠期内，每次回调都带有新旧密钥各自的签名，接收端可从容切换。',
  })}</p>
  ${actForm(visit, {
    to: 'secrets/rotate',
    name: { en: 'Make a new secret', zh: '生成新密钥' },
    fields: html`${field(visit, 'overlap')}${field(visit, 'type')}`,
  })}`
}

const secretsPage = async (visit: Visit): Promise<Page> => {
  const { data } = await visit.call<{ data: SigningSecretAnswer[] }>('GET', '/v1/signing-secrets')
  return { body: html`${secretTable(visit, data)}${rotateForm(visit)}` }
}

const rotate = async (visit: Visit): Promise<Page> => {
  const { call, form, t } = visit
  const made = await call<NewSigningSecretAnswer>('POST', '/v1/signing-secrets/rotate', { body: await form() })
  return {
    body: html`${shownOnce(visit, [[SIGNING_SECRET, made.secret]])}<p>${t({ en: 'The secrets before it sign until', zh: '此前的密钥失效于' })} ${time(visit, made.previousExpiresAt)}</p>`,
  }
}

/** `/console/secrets`: what a partner's webhooks are signed with. */
export const addSecrets = ({ page, act }: Console): void => {
  page('secrets', secretsPage)
  act('secrets/rotate', rotate)
  act('secrets/end', async ({ call, form }) => {
    const { id = '' } = await form()
    await call('DELETE', `/v1/signing-secrets/${encodeURIComponent(id)}`)
    return 'secrets'
  })
}
