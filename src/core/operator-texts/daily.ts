import type { HistoryFigures } from '../history.ts'
import type { Language, Words } from '../language.ts'
import { shareOf, showSeconds, showShare } from '../show-sizes.ts'
import { SHOW_TIME } from '../show-time.ts'
import { LAST_BACKUP, NO_BACKUP, NO_TROUBLE } from './overview.ts'

type DailyHost = Pick<HistoryFigures, 'webhooks'> & { host: string }

/** Content of the daily message. Times are epoch ms. */
export interface DailyReport {
  /** The day of the figures, such as `2026-12-01`. */
  day: string
  figures: HistoryFigures
  /** Null: no webhook was delivered. */
  slowest: DailyHost | null
  /** With the most failures first. */
  failing: readonly DailyHost[]
  /** Sentences of what is wrong now. */
  troubles: readonly string[]
  /** Null: there is none; undefined: the service does not know of backups. */
  backupAt: number | null | undefined
  /** Receivers' certificates that end soon, the first one first. */
  certificates: readonly { host: string; endsAt: number }[]
}

/** Maximum number of hosts that a line names. */
const NAMED = 5
export const DAILY_TITLE: Words = { en: 'Daily report: ', zh: '每日简报：' }

/** Returns the lines of the message, for a reader of whom only the language is known. */
export const dailyLines = (report: DailyReport, language: Language): string[] => {
  const { day, figures, slowest, failing, troubles, backupAt, certificates } = report
  const { registrations, verdicts, webhooks, polls } = figures
  const t = (words: Words) => words[language]
  const n = (count: number) => count.toLocaleString('en')
  const s = (ms: number | null) => (ms === null ? '–' : showSeconds(ms, language))
  const showTime = SHOW_TIME[language]
  const listed = (items: readonly string[]) =>
    items.slice(0, NAMED).join(t({ en: ', ', zh: '、' })) +
    (items.length > NAMED
      ? t({ en: ` and ${n(items.length - NAMED)} more`, zh: ` 等，另有 ${n(items.length - NAMED)} 个` })
      : '')
  const soon = showShare(shareOf(webhooks.within5s, webhooks.delivered))
  const failed = failing.map(({ host, webhooks: { failedAttempts, givenUp } }) =>
    t({
      en: `${host} (${n(failedAttempts)} attempts failed, ${n(givenUp)} webhooks given up)`,
      zh: `${host}（${n(failedAttempts)} 次投递失败，${n(givenUp)} 个放弃）`,
    }),
  )
  const ending = certificates.map(({ host, endsAt }) =>
    t({ en: `${host} (${showTime(endsAt)})`, zh: `${host}（${showTime(endsAt)}）` }),
  )
  return [
    t({
      en: `${day}: ${n(registrations)} registrations. Ended: ${n(verdicts.succeeded)} succeeded, ${n(verdicts.failed)} failed, ${n(verdicts.unresolved)} unresolved, ${n(verdicts.cancelled)} cancelled.`,
      zh: `${day}：登记 ${n(registrations)} 个；通过 ${n(verdicts.succeeded)}，未通过 ${n(verdicts.failed)}，未决 ${n(verdicts.unresolved)}，取消 ${n(verdicts.cancelled)}。`,
    }),
    t({
      en: `Webhooks: ${n(webhooks.delivered)} delivered, ${soon} of them within 5 s of the verdict (p50 ${s(webhooks.p50Ms)}, p95 ${s(webhooks.p95Ms)}); ${n(webhooks.failedAttempts)} attempts failed, ${n(webhooks.givenUp)} webhooks were given up.`,
      zh: `回调：送达 ${n(webhooks.delivered)} 个，其中 ${soon} 在得到结果后 5 秒内送达（p50 ${s(webhooks.p50Ms)}，p95 ${s(webhooks.p95Ms)}）；投递失败 ${n(webhooks.failedAttempts)} 次，放弃 ${n(webhooks.givenUp)} 个。`,
    }),
    t({ en: `GetResult: p95 ${s(polls.p95Ms)}.`, zh: `GetResult 响应时间：p95 ${s(polls.p95Ms)}。` }),
    ...(slowest === null
      ? []
      : [
          t({
            en: `Slowest host: ${slowest.host} (p95 ${s(slowest.webhooks.p95Ms)}).`,
            zh: `最慢的主机：${slowest.host}（p95 ${s(slowest.webhooks.p95Ms)}）。`,
          }),
        ]),
    ...(failed.length === 0
      ? []
      : [t({ en: `Most failures: ${listed(failed)}.`, zh: `失败最多：${listed(failed)}。` })]),
    t({ en: 'Now: ', zh: '当前：' }) + (troubles.join(t({ en: ' ', zh: '' })) || t(NO_TROUBLE)),
    ...(backupAt === undefined
      ? []
      : [`${t(LAST_BACKUP)}${t({ en: ': ', zh: '：' })}${backupAt === null ? t(NO_BACKUP) : showTime(backupAt)}`]),
    ...(ending.length === 0
      ? []
      : [
          t({
            en: `Certificates of receivers that end within 14 days: ${listed(ending)}.`,
            zh: `14 天内到期的接收端证书：${listed(ending)}。`,
          }),
        ]),
  ]
}
