import type { Language } from '../core/language.ts'
import { viewExplanation } from '../http/partner/explain.ts'
import { explainSentence } from '../http/partner/explain-sentence.ts'
import { ALL_REGISTRATIONS } from '../store/registration-search.ts'
import type { Store } from '../store/store.ts'
import { print, refuse, withStore } from './environment.ts'
import { partnerNames } from './find-partner.ts'
import type { Common } from './frame/command.ts'
import { formatTime, listJson } from './frame/output.ts'
import { callOf } from './frame/program.ts'
import { findPartnerOf, isRegistrationId, searchAll } from './registration.ts'
import { commandForWebhook } from './trouble-command.ts'

/** Of a serial, the newest registrations. */
const MOST_EXPLAINED = 20

const TEXTS = {
  en: {
    head: ({ id, serial, partner, created }: Head) => `${id}: serial ${serial}, registered by ${partner} at ${created}`,
    nobody: (serial: string) => `Nobody has registered the serial ${serial}, or it was erased (RETENTION).`,
    more: (count: number) => `These are the newest ${count}; "registration list --serial …" shows all.`,
  },
  zh: {
    head: ({ id, serial, partner, created }: Head) => `${id}：流水号 ${serial}，由 ${partner} 于${created} 登记`,
    nobody: (serial: string) => `流水号 ${serial} 未被登记，或已按 RETENTION 清除。`,
    more: (count: number) => `以上为最近 ${count} 条；可用 "registration list --serial …" 查看全部。`,
  },
}

type Head = Record<'id' | 'serial' | 'partner' | 'created', string>

/** Says why there is no webhook yet, or what became of it: of a registration, or of all of a serial. */
export const explain = ({ what, json, lang }: Common & { what: string }): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const { found, isCut } = await findAll(store, what, lang)
    if (found.length === 0) refuse(texts.nobody(what))
    const explanations = (await Promise.all(found.map(({ partnerId, id }) => store.explain(partnerId, id)))).filter(
      explanation => explanation !== null,
    )
    const reader = { language: lang, now: store.now() }
    if (json)
      return print(
        listJson(explanations.map(one => ({ partnerId: one.registration.partnerId, ...viewExplanation(one, reader) }))),
      )
    const showAt = (at: number) => formatTime(at, lang)
    const named = await partnerNames(store, found)
    for (const one of explanations) {
      const { id, idcardid: serial, partnerId, createdAt } = one.registration
      const head = texts.head({ id, serial, partner: named(partnerId), created: showAt(createdAt) })
      const command = commandForWebhook(one)
      print(`${head}\n  ${explainSentence(one, { ...reader, showAt })}`)
      if (command !== null) print(`  $ ${callOf(process.env)} ${command}`)
    }
    if (isCut) print(texts.more(MOST_EXPLAINED))
  })

const findAll = async (store: Store, what: string, lang: Language) => {
  if (isRegistrationId(what))
    return { found: [{ id: what, partnerId: await findPartnerOf(store, what, lang) }], isCut: false }
  const filter = { ...ALL_REGISTRATIONS, idcardid: what }
  const { found, next } = await searchAll(store, { filter, limit: MOST_EXPLAINED, before: null })
  return { found, isCut: next !== null }
}
