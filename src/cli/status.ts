import { clock } from '../app/clock-and-ids.ts'
import { SECOND } from '../core/duration.ts'
import type { Language } from '../core/language.ts'
import { showBytes, showSpan } from '../core/show-sizes.ts'
import { type Overview, readOverview } from '../store/overview.ts'
import { createWriteCheck } from '../store/write-error.ts'
import { print, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { formatTime, showTable } from './frame/output.ts'
import { callOf } from './frame/program.ts'
import { STATUS_TEXTS, type StatusTexts } from './status-texts.ts'
import { commandFor } from './trouble-command.ts'

const EVERY_MS = 2 * SECOND
/** To the upper left corner, and erase what is below. */
const REDRAW = '\u001B[H\u001B[J'

/** What is wrong and what waits: once, or every 2 s until a signal. */
export const status = ({ json, watch, lang }: Common & { watch: boolean }): Promise<void> =>
  withStore(lang, async (store, { polling }) => {
    const findWriteError = createWriteCheck(store, clock)
    const look = async (): Promise<string> => {
      const overview = await readOverview(store, {
        language: lang,
        isServed: null,
        pollMaxMs: polling.maxMs,
        findWriteError,
        ...(json ? {} : { showTime: at => formatTime(at, lang) }),
      })
      return json ? JSON.stringify(overview) : showOverview(overview, lang)
    }
    if (!watch) return print(await look())
    const ending = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
    // Whoever read it has had enough, as `head` does.
    process.stdout.once('error', () => ending.abort())
    while (!ending.signal.aborted) {
      const shown = await look()
      print(process.stdout.isTTY && !json ? `${REDRAW}${shown}` : shown)
      await clock.sleep(EVERY_MS, ending.signal).catch(() => {})
    }
  })

/** What is wrong first, then the queues and the nodes. */
const showOverview = (overview: Overview, language: Language): string => {
  const texts = STATUS_TEXTS[language]
  const { engine, bulk } = overview
  return [
    formatTime(Date.parse(overview.at), language),
    '',
    ...problemLines(overview, texts),
    '',
    queueTable(overview, language),
    '',
    ...nodeTable(overview, language),
    ...(bulk.resends.remaining > 0 ? [texts.bulkResends(bulk.resends.remaining)] : []),
    ...(bulk.acts.open > 0 ? [texts.bulkActs(bulk.acts.open, bulk.acts.remaining)] : []),
    engineLine(engine, texts),
  ].join('\n')
}

const engineLine = (engine: Overview['engine'], texts: StatusTexts): string => {
  const size = showBytes(engine.databaseBytes)
  if (engine.kind === 'postgres') return texts.postgres(size, engine.serverVersion)
  const free = engine.diskFreeBytes === null ? null : showBytes(engine.diskFreeBytes)
  return texts.database(size, showBytes(engine.walBytes), free)
}

const problemLines = ({ problems }: Overview, texts: StatusTexts): string[] =>
  problems.length === 0
    ? [texts.well]
    : problems.flatMap(problem => {
        const command = commandFor(problem, callOf(process.env))
        return [`! ${problem.sentence}`, `  → ${problem.remedy}`, ...(command === null ? [] : [`  $ ${command}`])]
      })

const queueTable = ({ at, problems, accounts, deliveries }: Overview, language: Language): string => {
  const texts = STATUS_TEXTS[language]
  const now = Date.parse(at)
  const isIdle = problems.some(({ code }) => code === 'no_service')
  const cells = (queue: Overview['polls']): string[] => [
    `${queue.due}${queue.dueIsCapped ? '+' : ''}`,
    queue.oldestDueAt === null ? '-' : showSpan(now - Date.parse(queue.oldestDueAt), language),
    String(queue.leased),
    String(queue.scheduled),
  ]
  const stateOf = ({ paused, reachable }: Overview['accounts'][number]): string => {
    if (isIdle) return '–'
    if (paused) return texts.paused
    return reachable ? texts.running : texts.unreachable
  }
  const head = [texts.queue, texts.due, texts.oldest, texts.underWay, texts.later, texts.held, texts.state]
  const rows = accounts.map(account => [texts.polls(account.account), ...cells(account), '', stateOf(account)])
  return showTable(head, [...rows, [texts.deliveries, ...cells(deliveries), String(deliveries.held), '']], language)
}

/** One that works alone needs no table. */
const nodeTable = ({ at, problems, nodes }: Overview, language: Language): string[] => {
  const texts = STATUS_TEXTS[language]
  if (nodes.length < 2) return []
  const isIdle = problems.some(({ code }) => code === 'no_service')
  const stateOf = ({ lost, differsIn }: Overview['nodes'][number]): string => {
    if (isIdle) return '–'
    if (lost) return texts.lost
    return differsIn.length === 0 ? texts.running : texts.differs(differsIn.map(trait => texts.traits[trait]))
  }
  const sinceSeen = (seenAt: string) => showSpan(Math.max(0, Date.parse(at) - Date.parse(seenAt)), language)
  const rows = nodes.map(node => [
    ...[node.name, node.id, node.roles.join(','), node.version, sinceSeen(node.seenAt), stateOf(node)],
  ])
  return [showTable([texts.node, 'id', 'ROLES', texts.version, texts.seen, texts.state], rows, language), '']
}
