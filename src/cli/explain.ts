import { isRegistrationId } from '../core/registration.ts'
import type { CallAdminApi } from '../http/command-api.ts'
import { viewExplanation } from '../http/partner/explain.ts'
import { explainSentence } from '../http/partner/explain-sentence.ts'
import type { Store } from '../store/store.ts'
import { type Answer, argument, defineCommand, type OnStore } from './command.ts'
import { refuse } from './ending.ts'
import { partnerNames } from './find-partner.ts'
import { formatTime } from './output.ts'
import { programCommand } from './program.ts'
import { searchAll } from './registration.ts'
import { commandForWebhook } from './trouble-command.ts'

/** Maximum number of explained registrations of a serial, the newest first. */
const MAX_EXPLAINED = 20

/** Explains the missing webhook or its delivery, for one registration or for the newest ones of a serial. */
export const explain = async (
  store: Store,
  { what, say, lang, call, config }: OnStore & { what: string },
): Promise<Answer> => {
  const { found, isCut } = await findAll(call, what)
  if (found.length === 0)
    refuse({
      en: `The serial ${what} is not registered, or was erased (RETENTION).`,
      zh: `流水号 ${what} 未被登记，或已按 RETENTION 清除。`,
    })
  const explanations = (await Promise.all(found.map(({ partnerId, id }) => store.explain(partnerId, id)))).filter(
    explanation => explanation !== null,
  )
  const reader = { language: lang, now: store.now(), settleMarginMs: config.polling.settleMarginMs }
  const data = explanations.map(one => ({ partnerId: one.registration.partnerId, ...viewExplanation(one, reader) }))
  const showAt = (at: number) => formatTime(at, lang)
  const named = await partnerNames(store, found)
  const lines = explanations.flatMap(one => {
    const { id, idcardid: serial, partnerId, createdAt } = one.registration
    const [partner, created] = [named(partnerId), showAt(createdAt)]
    const head = say({
      en: `${id}: serial ${serial}, registered by ${partner} at ${created}`,
      zh: `${id}：流水号 ${serial}，由 ${partner} 于${created} 登记`,
    })
    const command = commandForWebhook(one)
    const typed = command === null ? [] : [`  $ ${programCommand()} ${command}`]
    return [head, `  ${explainSentence(one, { ...reader, showAt })}`, ...typed]
  })
  const more = say({
    en: `These are the newest ${MAX_EXPLAINED}; "registration list --serial …" shows all.`,
    zh: `以上为最近 ${MAX_EXPLAINED} 条；可用 "registration list --serial …" 查看全部。`,
  })
  return { data: { data, nextCursor: null }, text: [...lines, ...(isCut ? [more] : [])].join('\n') }
}

const findAll = async (call: CallAdminApi, what: string) => {
  if (isRegistrationId(what)) {
    const { id, partner } = await call('GET /v1/admin/registrations/:id', { id: what })
    return { found: [{ id, partnerId: partner.id }], isCut: false }
  }
  const { data, nextCursor } = await searchAll(call, { serial: what, limit: MAX_EXPLAINED, cursor: null })
  return { found: data, isCut: nextCursor !== null }
}

export const commands = [
  defineCommand({
    path: 'explain',
    words: {
      en: 'explain why there is no webhook yet, or how its delivery went',
      zh: '说明没有收到回调的原因，或回调的投递结果',
    },
    args: {
      what: argument('REGISTRATION_OR_SERIAL', {
        en: 'the id of a registration, or the serial that Submit returned',
        zh: '登记 id，或 Submit 返回的流水号',
      }),
    },
    example: 'explain 16236437872836',
    onStore: explain,
  }),
]
