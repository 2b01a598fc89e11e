import { DAY, MINUTE } from '../core/duration.ts'
import { ALL_SERIES, historyFigures } from '../core/history.ts'
import { DAILY_TITLE, type DailyReport, dailyLines } from '../core/operator-texts/daily.ts'
import { describeTrouble } from '../core/operator-texts/describe.ts'
import { clockIn, isoTime, ZONE_OF } from '../core/show-time.ts'
import { troubleKind } from '../core/trouble-kinds.ts'
import { totalsOf } from '../store/history/history.ts'
import { troublesOf } from '../store/stats/troubles.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Channel } from './channel.ts'
import { type Audience, type Notice, pageAt, RUNBOOK } from './notice.ts'
import { fullHourWait } from './notifier.ts'

const TYPE = 'operator.daily'
/** Delay before a message that was not accepted is sent again, by any node. */
const RETRY_MS = 10 * MINUTE
const ENDS_SOON_MS = 14 * DAY
const MAX_FAILING = 3
const MAX_CERTIFICATES = 100

interface DailyDeps {
  store: Pick<Store, 'now' | 'stats' | 'historyOf' | 'historyGroups' | 'claimDaily' | 'settleDaily'>
  channel: Pick<Channel, 'avoidsFullHours' | 'post'>
  audience: Audience
  /** When it is sent: `HH:MM` in the zone of the language. */
  daily: string
  source: string
  /** When the certificate of each receiver ends, as far as this node has seen it. */
  certificateEnds: ReadonlyMap<string, number>
  emit: Emit<'operator_event.ended'>
}

const readReport = async (
  { store, certificateEnds, audience: { language } }: DailyDeps,
  { since, until }: { since: number; until: number },
): Promise<DailyReport> => {
  const [stats, buckets, groups] = await Promise.all([
    store.stats(),
    store.historyOf(TYPE, ALL_SERIES, { since, until, step: '1h' }),
    store.historyGroups('host', { since, until }),
  ])
  const { at, backup, engine } = stats
  // Several partners may have URLs at one host.
  const hosts = [...Map.groupBy(groups.found, ({ host }) => host)].map(([host, found]) => {
    const { webhooks } = historyFigures(totalsOf(found))
    return { host, webhooks, failures: webhooks.failedAttempts + webhooks.givenUp, p95Ms: webhooks.p95Ms ?? -1 }
  })
  const [slowest] = hosts.filter(({ p95Ms }) => p95Ms >= 0).toSorted((a, b) => b.p95Ms - a.p95Ms)
  const failing = hosts.filter(({ failures }) => failures > 0).toSorted((a, b) => b.failures - a.failures)
  const ends = [...certificateEnds].map(([host, endsAt]) => ({ host, endsAt }))
  return {
    day: clockIn(ZONE_OF[language])(since).slice(0, 10),
    figures: historyFigures(totalsOf(buckets)),
    slowest: slowest ?? null,
    failing: failing.slice(0, MAX_FAILING),
    troubles: troublesOf({ stats, writeError: null, isServed: true })
      .filter(({ code }) => troubleKind(code).level !== 'note')
      .map(trouble => describeTrouble(trouble, language, at).sentence),
    backupAt: engine.kind === 'sqlite' ? (backup.good?.at ?? null) : undefined,
    certificates: ends
      .filter(({ endsAt }) => endsAt > at && endsAt < at + ENDS_SOON_MS)
      .toSorted((a, b) => a.endsAt - b.endsAt)
      .slice(0, MAX_CERTIFICATES),
  }
}

const noticeOf = (report: DailyReport, { audience, source }: DailyDeps, since: number): Omit<Notice, 'at'> => {
  const { language } = audience
  const { day, figures, slowest, failing, troubles, backupAt = null, certificates } = report
  const lines = dailyLines(report, language)
  const viewed = ({ host, webhooks }: DailyReport['failing'][number]) => ({ host, webhooks })
  const { due: _, ...counts } = figures
  const item = {
    ...({ type: TYPE, subject: day, state: troubles.length > 0 ? 'firing' : 'resolved', since, count: 1 } as const),
    ...{ headline: DAILY_TITLE[language] + day, sentence: lines.join(language === 'en' ? ' ' : ''), lines, remedy: '' },
    runbook: `${RUNBOOK[language]}#${TYPE}`,
    ...pageAt(audience, ''),
    details: {
      ...{ day, ...counts, slowest: slowest && viewed(slowest), failing: failing.map(viewed), troubles },
      lastBackupAt: backupAt === null ? null : isoTime(backupAt),
      certificates: certificates.map(({ host, endsAt }) => ({ host, endsAt: isoTime(endsAt) })),
    },
  }
  return { id: `op_daily_${day}`, language, source, items: [item] }
}

/** Sends operators a message about the day before, once a day, whichever node does it. */
export const createDaily = (deps: DailyDeps) => {
  const { store, channel, audience, daily, emit } = deps
  const clock = clockIn(ZONE_OF[audience.language])
  let running: Promise<void> | null = null
  let isStopped = false

  const send = async (): Promise<void> => {
    const now = store.now()
    const [day = '', time = ''] = clock(now).split(' ')
    if (time < daily || (channel.avoidsFullHours && fullHourWait(now, 0) > 0)) return
    if (!(await store.claimDaily(day, RETRY_MS))) return
    const offsetMs = Date.parse(`${day}T${time}Z`) - (now - (now % 1_000))
    const until = Date.parse(`${day}T00:00:00Z`) - offsetMs
    const since = until - DAY
    const notice = noticeOf(await readReport(deps, { since, until }), deps, since)
    const answer = await channel.post({ ...notice, at: store.now() })
    const isRefused = answer.kind === 'refused' && answer.problem === 'content'
    // A refused text would be refused again.
    if (answer.kind === 'told' || isRefused) await store.settleDaily(day)
    emit('operator_event.ended', {
      type: TYPE,
      outcome: answer.kind === 'told' ? 'sent' : isRefused ? 'dropped' : 'failed',
    })
  }

  return {
    /** Sends it if it is due. Never rejects: other events report a failing database, and a later check tries again. */
    check: (): Promise<void> => {
      if (isStopped) return Promise.resolve()
      running ??= send()
        .catch(() => {})
        .finally(() => {
          running = null
        })
      return running
    },
    /** Begins no more messages. Resolves when the last one is recorded. */
    stop: async (): Promise<void> => {
      isStopped = true
      await running
    },
  }
}
