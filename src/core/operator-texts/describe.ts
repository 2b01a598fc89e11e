import { type Alert, alertType } from '../alert.ts'
import type { AccountFault } from '../answer.ts'
import type { Language } from '../language.ts'
import { showSpan } from '../show-sizes.ts'
import { SHOW_TIME } from '../show-time.ts'
import type { Trouble } from '../trouble.ts'
import { type Catalogue, type ChannelFault, type Entry, type Moment, remedyOf, type TroubleWords } from './catalogue.ts'
import { EN } from './en.ts'
import { ZH } from './zh.ts'

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en: EN, zh: ZH }

/** `advice` is the remedy without the commands that the console has a button for. */
interface Described extends TroubleWords {
  advice: string
}

const described = ({ sentence, remedy: advice, commands = [] }: Entry, language: Language): Described => ({
  sentence,
  advice,
  remedy: [advice, ...commands].join(language === 'en' ? ' ' : '').replace(' \n', '\n'),
})

/** Describes a trouble in the reader's language, as of `at` (epoch ms); `showTime` knows the reader's zone. */
export const describeTrouble = (
  trouble: Trouble,
  language: Language,
  at: number,
  showTime = SHOW_TIME[language],
): Described => {
  const words = CATALOGUES[language].troubles[trouble.code] as (trouble: Trouble, moment: Moment) => Entry
  return described(words(trouble, { at, showTime }), language)
}

/** Why GetResult refuses an account; `here`: the remedy for a reader of the account's page. */
export const describeFault = (fault: AccountFault, language: Language): TroubleWords & { here: string } => {
  const words = CATALOGUES[language].faults[fault]
  return { sentence: words.sentence, here: words.remedy, remedy: remedyOf(words) }
}

/** Remedy for a channel that refuses notices. */
export const channelRemedy = (fault: ChannelFault, language: Language): string =>
  CATALOGUES[language].channelRemedies[fault]

export interface AlertWords extends Described {
  /** Type name of the notice. */
  type: string
  headline: string
}

/** Describes an alert for a notice, as of `at`. A resolved alert has no remedy. */
export const describeAlert = (alert: Alert, language: Language, at: number): AlertWords => {
  const { condition, details, state, since, count } = alert
  const { states, titles, times, lasted, ended, own } = CATALOGUES[language]
  const showTime = SHOW_TIME[language]
  const headline = `${states[state]}${titles[condition]}${count > 1 ? times(count) : ''}`
  const named = { type: alertType(alert), headline }
  if (state === 'resolved' && condition !== 'message.exhausted') {
    const until = showTime(alert.at)
    const isOrdered = since <= alert.at
    const sentence = isOrdered ? lasted(showTime(since), until, showSpan(alert.at - since, language)) : ended(until)
    return { ...named, sentence, remedy: '', advice: '' }
  }
  if ('code' in details) return { ...named, ...describeTrouble(details, language, at) }
  const words = own[condition as keyof typeof own] as (details: Alert['details'], alert: Alert & Moment) => Entry
  return { ...named, ...described(words(details, { ...alert, at, showTime }), language) }
}
