import type { Config } from '../../config/settings.ts'
import type { Language, Words } from '../../core/language.ts'
import { SECONDS, UNITS } from '../../core/show-sizes.ts'
import { areTestSerialsOn } from '../../core/test-serial.ts'
import { recheckMs } from '../../core/verification.ts'

/** Settings that partners need to know. */
export type ShownSettings = Pick<Config, 'callback' | 'polling' | 'server' | 'storage' | 'upstream'>

/** `24 h`: in the largest unit that gives two or more, without a remainder. */
const span = (ms: number, language: Language): string => {
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size && ms % size === 0) ?? SECONDS
  return `${(ms / size).toLocaleString('en')} ${unit[language]}`
}

/** `3 days`: in the largest unit that gives two or more, rounded. */
const roughSpan = (ms: number, language: Language): string => {
  const [size] = UNITS.find(([size]) => ms >= 2 * size) ?? SECONDS
  return span(Math.round(ms / size) * size, language)
}

const list = (items: readonly string[], language: Language): string =>
  language === 'zh' || items.length < 2 ? items.join('、') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

const number = (value: number): string => value.toLocaleString('en')
const either = (isOn: boolean, on: Words, off: Words, language: Language) => (isOn ? on : off)[language]

const UNNAMED: Words = { en: 'addresses that its operator can tell you', zh: '请向运维人员索取' }

type Text = (settings: ShownSettings, language: Language) => string

/** Keyed by the names in the documents' comments. */
const TEXTS: ReadonlyMap<string, Text> = new Map(
  Object.entries<Text>({
    RETRY_SCHEDULE: ({ callback }, language) =>
      list(
        callback.retryScheduleMs.map(ms => span(ms, language)),
        language,
      ),
    RETRY_ATTEMPTS: ({ callback }) => number(callback.retryScheduleMs.length + 1),
    RETRY_PERIOD: ({ callback }, language) =>
      roughSpan(
        callback.retryScheduleMs.reduce((sum, ms) => sum + ms, 0),
        language,
      ),
    CALLBACK_TIMEOUT: ({ callback }, language) => span(callback.timeoutMs, language),
    RETENTION: ({ storage }, language) => span(storage.retentionMs, language),
    REGISTRATION_TTL: ({ polling }, language) => span(polling.registrationTtlMs, language),
    SETTLE_MARGIN: ({ polling }, language) => span(polling.settleMarginMs, language),
    NOT_FOUND_GRACE: ({ polling }, language) => span(polling.notFoundGraceMs, language),
    POLL_MIN_INTERVAL: ({ polling }, language) => span(polling.minMs, language),
    RECHECK_INTERVAL: ({ polling }, language) => span(recheckMs(polling), language),
    API_RATE: ({ server }) => number(server.apiRate),
    REGISTRATION_RATE: ({ server }) => number(server.registrationRate),
    CALLBACK_ALLOW_HTTP: ({ callback }, language) =>
      either(callback.allowHttp, { en: 'accepted', zh: '允许' }, { en: 'refused', zh: '不允许' }, language),
    CALLBACK_SOURCES: ({ callback: { sources: all } }, language) =>
      all.length === 0 ? UNNAMED[language] : list(all, language),
    SANDBOX: ({ upstream }, language) =>
      either(areTestSerialsOn(upstream), { en: 'on', zh: '已开启' }, { en: 'off', zh: '未开启' }, language),
  }),
)

const MARKED = /<!-- setting: (\w+) -->([\s\S]*?)<!-- \/setting -->/g
/** A marked setting in a rendered page, by characters that Markdown leaves as they are everywhere. */
const PLACE = /\uE000(\w+)\uE001([^\uE002]*)\uE002/g

/** What is said where test serials are on, and what where they are off; of a test serial in code, `…`. */
const BRANCHES = /<!-- test serials -->([\s\S]*?)<!-- off: ([\s\S]*?) -->/g
const TEST_SERIAL = /test_success_3s_(?:'"\$\(date \+%s\)"'|\$\(date \+%s\))/g
const BRANCH = /\uE003([^\uE004]*)\uE004([^\uE005]*)\uE005/g

/** Returns Markdown with each `<!-- setting: NAME -->default<!-- /setting -->` in a form that survives rendering. */
export const markSettings = (markdown: string): string =>
  markdown
    .replace(MARKED, '\uE000$1\uE001$2\uE002')
    .replace(BRANCHES, '\uE003$1\uE004$2\uE005')
    .replace(TEST_SERIAL, '\uE003$&\uE004…\uE005')

/** Returns the page with this service's values in the marked places. An unknown name keeps its text. */
export const withSettings = (page: string, settings: ShownSettings, language: Language): string =>
  page
    .replace(BRANCH, areTestSerialsOn(settings.upstream) ? '$1' : '$2')
    .replace(PLACE, (_, name: string, text: string) => TEXTS.get(name)?.(settings, language) ?? text)
