import { html } from 'hono/html'
import type { Words } from '../../core/language.ts'
import { isRegistrationId } from '../../core/registration.ts'
import { BULK_ACTS, type BulkActName } from '../../store/registrations/filter.ts'
import { FOUND_REGISTRATION_CALLS } from '../admin/registrations.ts'
import { Refused } from './api-calls.ts'
import { actForms } from './forms.ts'
import { type Column, type ConsolePage, facts, type Html, PAGE_NAMES, table } from './page.ts'
import type { AnyRegistration } from './registration-columns.ts'
import type { Session } from './sessions.ts'
import type { Console, Visit } from './visit.ts'

/** Base path of the API calls, by the kind of session. */
export const BASES: Readonly<Record<Session['kind'], string>> = {
  operator: '/v1/admin/registrations',
  partner: '/v1/registrations',
}
/** The operators' calls for the acts. */
export const CALLS = {
  resend: FOUND_REGISTRATION_CALLS['POST /v1/admin/registrations/:id/resend'],
  poll: FOUND_REGISTRATION_CALLS['POST /v1/admin/registrations/:id/poll'],
  cancel: FOUND_REGISTRATION_CALLS['DELETE /v1/admin/registrations/:id'],
}
const NAMES: Readonly<Record<BulkActName, Words>> = {
  resend: { en: 'Resend selected', zh: '重发所选回调' },
  poll: { en: 'Poll selected now', zh: '立即查询所选' },
  cancel: { en: 'Cancel selected', zh: '取消所选登记' },
}
const CANCELLED: Words = {
  en: 'The selected registrations are no longer polled and send no webhook, and their metadata is erased. This cannot be undone. Those that have ended stay as they are.',
  zh: '所选登记将不再查询，也不再投递回调，并删除自定义数据，且无法恢复。已结束的登记保持不变。',
}
export const HELD: Words = {
  en: 'Webhooks to a URL that the operator has disabled are sent only once it is enabled. To another URL on hold these are sent once, and none of the others: a 2xx ends the hold, and another 410 gives them up. To try such a URL, resend one.',
  zh: '回调地址由运维人员停用的，重新启用后才会投递；因其他原因暂停投递的，只将这些回调各投递一次：得到 2xx 后该地址恢复投递，再次返回 410 则放弃投递。要试探这样的地址，请只重发一个。',
}

/** Calls the API for an act on one registration. */
export const actOn = (
  { session, call }: Visit,
  { id, act, reason }: { id: string; act: BulkActName | 'erase'; reason: string | undefined },
): Promise<unknown> => {
  const path = `${BASES[session.kind]}/${id}`
  // A partner gives no reason.
  const query = { erase: act === 'erase' ? 'true' : undefined, ...(session.kind === 'operator' ? { reason } : {}) }
  if (act === 'cancel' || act === 'erase') return call('DELETE', path, { query })
  return call('POST', `${path}/${act}`, { body: { reason } })
}

/** The ids of all rows of a page, whose rows it selects without a script too. */
const tickAll = ({ t }: Visit, items: readonly AnyRegistration[]): Html =>
  html`<label class="choice"><input type="checkbox" form="ticked" name="all" value="${items.map(({ id }) => id).join(' ')}" autocomplete="off"><span>${t({ en: 'Select all', zh: '全选' })}</span></label>`

/** The first column of a list whose rows can be selected; none for those who may do nothing with them. */
export const tickColumn = async (
  visit: Visit,
  items: readonly AnyRegistration[],
): Promise<readonly Column<AnyRegistration>[]> =>
  (await visit.may(CALLS.resend))
    ? [
        [
          '',
          ({ id, idcardid }) =>
            html`<input type="checkbox" form="ticked" name="${id}" value="1" aria-label="${visit.t({ en: 'Select', zh: '选择' })} ${idcardid}" autocomplete="off">`,
          { head: tickAll(visit, items) },
        ],
      ]
    : []

/** The acts on the selected rows of a page, with one reason. */
export const tickedForm = (visit: Visit, acts: readonly BulkActName[]): Promise<Html> =>
  actForms(
    visit,
    acts.map(act => ({
      to: `registrations/${act}`,
      name: NAMES[act],
      call: CALLS[act],
      ...(act === 'cancel' ? { warning: CANCELLED } : {}),
    })),
    'ticked',
  )

/** Refusals of the caller or of the form, which hold for every row. */
const FOR_ALL = [401, 403, 422]

/** Acts on one row after the other, and tells which were refused. */
const actOnTicked = async (visit: Visit, act: BulkActName): Promise<ConsolePage> => {
  const { t, to } = visit
  const { reason, all = '', ...ticked } = await visit.form()
  const ids = [...new Set([...Object.keys(ticked), ...all.split(' ')])].filter(isRegistrationId)
  const refusals: { id: string; problem: Refused['problem'] }[] = []
  for (const id of ids)
    try {
      await actOn(visit, { id, act, reason })
    } catch (error) {
      if (!(error instanceof Refused) || FOR_ALL.includes(error.problem.status)) throw error
      refusals.push({ id, problem: error.problem })
    }
  const done = ids.length - refusals.length
  return {
    title: t(NAMES[act]),
    ...(done === 0 && refusals[0] ? { status: refusals[0].problem.status as 404 } : {}),
    body: html`${facts(visit, [
      [{ en: 'Selected', zh: '已选' }, ids.length],
      [
        act === 'resend' ? { en: 'Scheduled, not yet sent', zh: '已安排投递，尚未投递' } : { en: 'Done', zh: '已完成' },
        done,
      ],
      [{ en: 'Refused', zh: '被拒绝' }, refusals.length],
    ])}${act === 'resend' && done > 0 ? html`<p>${t(HELD)}</p>` : ''}${
      refusals.length === 0
        ? ''
        : table(visit, PAGE_NAMES.registrations, {
            items: refusals,
            columns: [
              [{ en: 'Registration', zh: '登记' }, ({ id }) => html`<a href="${to(`registrations/${id}`)}">${id}</a>`],
              [{ en: 'Refused because', zh: '拒绝原因' }, ({ problem }) => problem.detail],
            ],
          })
    }<p><a href="${to('registrations')}">${t(PAGE_NAMES.registrations)}</a> · <a href="${to('deliveries')}">${t(PAGE_NAMES.deliveries)}</a></p>`,
  }
}

/** Acts on the selected registrations of a list: at most a page of them. */
export const addTicked = ({ act }: Console): void => {
  for (const name of BULK_ACTS) act(`registrations/${name}`, visit => actOnTicked(visit, name))
}
