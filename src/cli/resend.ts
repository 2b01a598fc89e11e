import { clock, createIds } from '../app/clock-and-ids.ts'
import type { Language } from '../core/language.ts'
import type { Store } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import type { TimeOption } from './frame/options.ts'
import { formatTime } from './frame/output.ts'
import { refuseNoPartner } from './partner.ts'
import { createProgress } from './progress.ts'
import { findPartnerOf } from './registration.ts'

const BATCH = 200
/** A service beside it has the file to itself for this long after each batch. */
const PAUSE_MS = 10

interface Input extends Common {
  id: string | null
  partner: string | null
  since: TimeOption | null
  until: TimeOption | null
}

interface ResendTexts {
  which: string
  not: (options: string) => string
  needs: string
  order: string
  resent: (id: string) => string
  noMessage: (id: string) => string
  cancelled: (id: string) => string
  resending: string
  done: (count: number, since: string, until: string) => string
}

const en: ResendTexts = {
  which: 'Say which: the id of a registration, or --partner and --since',
  not: options => `${options} cannot be used with the id of a registration`,
  needs: '--partner and --since belong together',
  order: '--until must not be before --since',
  resent: id => `The webhook of ${id} is due now, with a new schedule of retries.`,
  noMessage: id => `${id} has no webhook yet: it has no verdict. "explain ${id}" says why.`,
  cancelled: id => `${id} was cancelled, and its partner is told nothing more.`,
  resending: 'Making webhooks due',
  done: (count, since, until) =>
    `${count} webhooks that had been given up, of ${since} to ${until}, are due now. The service sends them.`,
}

const zh: ResendTexts = {
  which: '请指定重发范围：登记 id，或 --partner 与 --since',
  not: options => `指定登记 id 时不能使用 ${options}`,
  needs: '--partner 与 --since 须同时使用',
  order: '--until 不能早于 --since',
  resent: id => `${id} 的回调将立即投递，重试计划重新开始。`,
  noMessage: id => `${id} 尚无回调：还没有结果。可用 "explain ${id}" 查看原因。`,
  cancelled: id => `${id} 已取消，不再通知合作方。`,
  resending: '正在安排重发',
  done: (count, since, until) => `${since} 至${until} 期间放弃投递的 ${count} 个回调已安排重发，由服务投递。`,
}

const TEXTS: Readonly<Record<Language, ResendTexts>> = { en, zh }

/** Makes webhooks due again; the service sends them, now or when it runs. */
export const resend = async ({ id, partner, since, until, ...common }: Input): Promise<void> => {
  const texts = TEXTS[common.lang]
  if (id !== null) {
    const also = Object.entries({ '--partner': partner, '--since': since, '--until': until }).filter(([, one]) => one)
    if (also.length > 0) refuse(texts.not(also.map(([name]) => name).join(', ')))
    return resendOne(id, common)
  }
  if (partner !== null && since !== null) return resendSpan({ partner, since, until }, common)
  return refuse(partner === null && since === null ? texts.which : texts.needs)
}

const resendOne = (id: string, { json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const partnerId = await findPartnerOf(store, id, lang)
    const outcome = await audited(
      store,
      { act: 'registration.resend', object: id, reason },
      () => store.resend(partnerId, id),
      ended => ended === 'resent',
    )
    if (outcome === 'no_message') refuse(texts.noMessage(id))
    if (outcome === 'cancelled') refuse(texts.cancelled(id))
    print(json ? JSON.stringify({ registrationId: id, partnerId }) : texts.resent(id))
  })

type Span = { partner: string; since: TimeOption; until: TimeOption | null }

/** A service that runs beside this takes part; killed anywhere, the next start goes on. */
const resendSpan = (span: Span, { json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    if (!(await store.findPartner(span.partner))) refuseNoPartner(span.partner, lang)
    const now = store.now()
    const [since, until] = [span.since(now), span.until?.(now) ?? now]
    if (until < since) refuse(texts.order)
    const id = createIds()('resend')
    await audited(store, { act: 'resend.start', object: id, reason }, () =>
      store.startResend(span.partner, { id, since, until }),
    )
    const resent = await finish(store, { partner: span.partner, id, lang })
    if (json)
      return print(
        JSON.stringify({ id, since: new Date(since).toISOString(), until: new Date(until).toISOString(), resent }),
      )
    print(texts.done(resent, formatTime(since, lang), formatTime(until, lang)))
  })

const finish = async (
  store: Store,
  { partner, id, lang }: { partner: string; id: string; lang: Language },
): Promise<number> => {
  const progress = createProgress()
  for (;;) {
    await store.continueResends(BATCH)
    const state = await store.findResend(partner, id)
    if (!state || state.done) {
      progress.end()
      return state?.resent ?? 0
    }
    progress.show(TEXTS[lang].resending, state.resent, state.count)
    await clock.sleep(PAUSE_MS)
  }
}
