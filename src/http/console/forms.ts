import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { LONGEST_REASON } from '../../core/line.ts'
import { includesRole, type Role } from '../../core/role.ts'
import type { OPERATOR_CALLS } from '../admin/me.ts'
import type { Visit } from './console.ts'
import type { Html, Reader } from './page.ts'

type Operator = z.output<(typeof OPERATOR_CALLS)['GET /v1/admin/me']['answers'][200]>

const NO_FORM: Words = { en: 'The body must be that of a form.', zh: '请求体必须是表单。' }

/** The fields of the form that was posted. */
export const formOf = async (c: Context): Promise<Readonly<Record<string, string>>> => {
  const form = await c.req.formData().catch((error: unknown) => {
    // What cannot be read as a form.
    throw error instanceof TypeError ? new AppError('unsupported_media_type', NO_FORM) : error
  })
  return Object.fromEntries([...form].map(([name, value]) => [name, String(value)]))
}

export const roleOf = async ({ call }: Visit): Promise<Role> => (await call<Operator>('GET', '/v1/admin/me')).role

/** Whether who is signed in may make a call of the API: forms that it would refuse are not shown. */
export const mayOf = async (visit: Visit): Promise<(needed: { role: Role }) => boolean> => {
  const role = await roleOf(visit)
  return needed => includesRole(role, needed.role)
}

/** Asks why, for the audit. */
export const reasonField = ({ t }: Reader, isRequired = false): Html =>
  html`<label>${t({ en: 'Reason, for the audit', zh: '原因（记入审计）' })}
    <input name="reason" maxlength="${LONGEST_REASON}" autocomplete="off"${raw(isRequired ? ' required' : '')}></label>`

/** Leaves out of a call's body what a form has left empty. */
export const orNone = (text: string | undefined): string | undefined => text || undefined

/** What is no number is sent as it is: the API says what it must be. */
export const numberOf = (text = ''): number | string => (Number.isNaN(Number(text)) ? text : Number(text))

/** Secrets that are shown this once, each with a button that copies it. */
export const shownOnce = ({ t }: Reader, secrets: readonly (readonly [name: Words, value: string])[]): Html =>
  html`<p role="status">${t({
    en: 'Shown only this once: keep it before you leave this page.',
    zh: '仅显示这一次，离开本页前请妥善保存。',
  })}</p>${secrets.map(
    ([name, value], index) =>
      html`<h2 id="name-${index}">${t(name)}</h2><pre id="secret-${index}" tabindex="0" role="region" aria-labelledby="name-${index}">${value}</pre>
      <button type="button" data-copy="#secret-${index}" data-done="${t({ en: 'Copied', zh: '已复制' })}" hidden>${t({ en: 'Copy', zh: '复制' })}</button>`,
  )}`
