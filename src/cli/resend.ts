import { clock, createIds } from '../app/clock-and-ids.ts'
import type { TypedTime } from '../core/read-time.ts'
import { COMMAND } from '../store/act.ts'
import { exhaustedIn, isUnderWay } from '../store/rules/bulk-act.ts'
import type { Store } from '../store/store.ts'
import { audited, userName } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import { explain } from './explain.ts'
import { findPartner } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { formatTime, iso, readerZone } from './frame/output.ts'
import { createProgress } from './progress.ts'
import { findPartnerOf } from './registration.ts'

const BATCH = 200
/** A service beside it has the file to itself for this long after each batch. */
const PAUSE_MS = 10

interface Input extends Common {
  id: string | null
  partner: string | null
  allPartners: boolean
  since: TypedTime | null
  until: TypedTime | null
}

const TEXTS = {
  en: {
    which: 'Say which: the id of a registration alone, or either --partner or --all-partners, together with --since',
    not: (options: string) => `${options} cannot be used with the id of a registration`,
    order: '--until must not be before --since',
    noMessage: (id: string) => `${id} has no webhook yet: it has no verdict. "explain ${id}" says why.`,
    cancelled: (id: string) => `${id} was cancelled, and its partner is told nothing more.`,
    tooMany: 'Too many bulk acts are under way: stop one, or try again when one has ended',
    resending: 'Making webhooks due',
    done: (count: number, since: string, until: string) =>
      `Webhooks of ${since} to ${until} that had been given up and are due now: ${count}. The service sends them.`,
  },
  zh: {
    which: '请指定重发范围：仅登记 id，或 --since 加上 --partner、--all-partners 之一',
    not: (options: string) => `指定登记 id 时不能使用 ${options}`,
    order: '--until 不能早于 --since',
    noMessage: (id: string) => `${id} 尚无回调：还没有结果。可用 "explain ${id}" 查看原因。`,
    cancelled: (id: string) => `${id} 已取消，不再通知合作方。`,
    tooMany: '正在进行的批量操作过多：请停止其中一个，或等其中一个结束后再试',
    resending: '正在安排重发',
    done: (count: number, since: string, until: string) =>
      `${since} 至${until} 期间放弃投递的 ${count} 个回调已安排重发，由服务投递。`,
  },
}

/** Makes webhooks due again; the service sends them, now or when it runs. */
export const resend = async ({ id, ...input }: Input): Promise<void> => {
  const { partner, allPartners, since, until } = input
  const texts = TEXTS[input.lang]
  if (id !== null) {
    const given = { '--partner': partner, '--all-partners': allPartners, '--since': since, '--until': until }
    const also = Object.entries(given).filter(([, one]) => one)
    if (also.length > 0) refuse(texts.not(also.map(([name]) => name).join(', ')))
    await resendOne(id, input)
    // Its URL may be held nevertheless.
    return input.json ? undefined : explain({ ...input, what: id })
  }
  const isOfSome = (partner !== null) !== allPartners
  if (isOfSome && since !== null) return resendSpan({ ...input, since })
  return refuse(texts.which)
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
    if (json) print(JSON.stringify({ registrationId: id, partnerId }))
  })

type Span = Omit<Input, 'id' | 'since'> & { since: TypedTime }

const resendSpan = ({ partner, since, until, json, lang, reason }: Span): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const partnerId = partner === null ? null : (await findPartner(store, partner, lang)).id
    const createdAt = store.now()
    const here = { now: createdAt, zone: readerZone(lang) }
    const span = { since: since(here), until: until?.(here) ?? createdAt }
    if (span.until < span.since) refuse(texts.order)
    const meant = exhaustedIn(partnerId, span)
    const id = createIds()('bulk')
    const resent = await audited(store, { act: 'bulk.create', object: id, reason }, async () => {
      const counted = await store.countRegistrations(meant, true)
      const by = { partnerId: null, who: COMMAND, name: userName(), reason: reason ?? '' }
      await store.createBulkAct({ id, ...meant, ...by, counted, createdAt })
      const started = await store.startBulkAct(id)
      return started?.outcome === 'changed' ? finish(store, id, texts.resending) : refuse(texts.tooMany)
    })
    if (json) return print(JSON.stringify({ id, since: iso(span.since), until: iso(span.until), resent }))
    print(texts.done(resent, formatTime(span.since, lang), formatTime(span.until, lang)))
  })

/** A service that runs beside this takes part; killed anywhere, the next start goes on. */
const finish = async (store: Store, id: string, resending: string): Promise<number> => {
  const progress = createProgress()
  for (;;) {
    await store.continueBulkActs(BATCH, id)
    const bulk = await store.findBulkAct(id)
    if (bulk === null || !isUnderWay(bulk.state)) {
      progress.end()
      return bulk?.done ?? 0
    }
    progress.show(resending, bulk.done, bulk.counted.count)
    await clock.sleep(PAUSE_MS)
  }
}
