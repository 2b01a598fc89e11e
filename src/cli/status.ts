import { clock } from '../app/clock-and-ids.ts'
import { SECOND } from '../core/duration.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import {
  ANSWERS,
  DISABLED,
  LAST_BACKUP,
  NO_BACKUP,
  NO_TROUBLE,
  QUEUE,
  retried,
} from '../core/operator-texts/overview.ts'
import { showBytes, showSeconds, showSpan } from '../core/show-sizes.ts'
import { troubleKind } from '../core/trouble-kinds.ts'
import { type Overview, readOverview } from '../http/admin/overview.ts'
import { type Answer, type Common, defineCommand, flag } from './command.ts'
import { print } from './environment.ts'
import { formatTime, showTable } from './output.ts'
import { commandFor } from './trouble-command.ts'

const EVERY_MS = 2 * SECOND
/** Moves the cursor to the upper left corner and erases the screen below. */
const REDRAW = '\u001B[H\u001B[J'

type Reader = Pick<Common, 'lang' | 'say'>

/** The troubles first, then the queues and the nodes. */
const showOverview = (overview: Overview, reader: Reader): string => {
  const { say, lang } = reader
  const { resends, acts } = overview.bulk
  const { disabledPartners, deliveries } = overview
  const lines = [
    formatTime(Date.parse(overview.at), lang),
    '',
    ...problemLines(overview, reader),
    ...(disabledPartners.length === 0
      ? []
      : [`${DISABLED[lang]}${disabledPartners.map(({ name }) => name).join(say({ en: ', ', zh: '、' }))}`]),
    ...(deliveries.scheduled === 0 ? [] : [retried(String(deliveries.scheduled), disabledPartners)[lang]]),
    '',
    queueTable(overview, reader),
    '',
    ...nodeTable(overview, reader),
  ]
  if (resends.remaining > 0)
    lines.push(
      say({
        en: `Bulk resends: ${resends.remaining} still to be made due.`,
        zh: `批量重发还有 ${resends.remaining} 个回调未排入投递。`,
      }),
    )
  if (acts.open > 0)
    lines.push(
      say({
        en: `Bulk acts: ${acts.open} under way, with about ${acts.remaining} registrations still to be processed (GET /v1/admin/bulk).`,
        zh: `批量操作：进行中 ${acts.open} 项，约还有 ${acts.remaining} 个登记未处理（GET /v1/admin/bulk）。`,
      }),
    )
  return [...lines, engineLine(overview, reader)].join('\n')
}

const engineLine = ({ engine, backup: { good } }: Overview, { say, lang }: Reader): string => {
  const size = showBytes(engine.databaseBytes)
  if (engine.kind === 'postgres') {
    const { serverVersion: version } = engine
    return say({ en: `Database: ${size} in PostgreSQL ${version}.`, zh: `数据库 ${size}（PostgreSQL ${version}）。` })
  }
  const backup = good ? formatTime(Date.parse(good.at), lang) : NO_BACKUP[lang]
  const [log, free] = [showBytes(engine.walBytes), showBytes(engine.diskFreeBytes ?? 0)]
  return say({
    en: `Database: ${size}, its log ${log}, ${free} free on its disk. ${LAST_BACKUP.en}: ${backup}.`,
    zh: `数据库 ${size}，日志 ${log}，磁盘剩余 ${free}。${LAST_BACKUP.zh}：${backup}。`,
  })
}

const problemLines = ({ problems }: Overview, { lang }: Reader): string[] => {
  if (problems.length === 0) return [NO_TROUBLE[lang]]
  return problems.flatMap(problem => {
    const command = commandFor(problem)
    const mark = troubleKind(problem.code).level === 'note' ? '·' : '!'
    return [
      `${mark} ${problem.sentence}`,
      `  → ${problem.remedy.replaceAll('\n', '\n    ')}`,
      ...(command === null ? [] : [`  $ ${command}`]),
    ]
  })
}

const queueTable = ({ at, problems, accounts, deliveries }: Overview, { say, lang }: Reader): string => {
  const now = Date.parse(at)
  const isIdle = problems.some(({ code }) => code === 'no_service')
  const cells = (queue: Overview['polls']): string[] => [
    `${queue.due}${queue.dueIsCapped ? '+' : ''}`,
    queue.oldestDueAt === null ? '-' : showSpan(now - Date.parse(queue.oldestDueAt), lang),
    ...[String(queue.leased), String(queue.scheduled)],
  ]
  const stateOf = ({ paused, reachable, answerMs, removed, waiting }: Overview['accounts'][number]): string => {
    if (removed) return say({ en: `(removed) ${waiting} still waiting`, zh: `（已移除）${waiting} 个等待中` })
    if (isIdle) return '–'
    if (paused) return say({ en: 'paused', zh: '已暂停' })
    if (!reachable) return say({ en: 'no usable answer', zh: '无有效响应' })
    const running = say({ en: 'running', zh: '运行中' })
    if (answerMs === null) return running
    const answers = showSeconds(answerMs, lang)
    return say({ en: `${running}, ${ANSWERS.en}: ${answers}`, zh: `${running}，${ANSWERS.zh}：${answers}` })
  }
  const head = [
    say({ en: 'Queue', zh: '队列' }),
    ...Object.values(QUEUE).map(words => words[lang]),
    say({ en: 'State', zh: '状态' }),
  ]
  const rows = accounts.map(account => [
    say({ en: `polls of ${account.account}`, zh: `查询（${account.account}）` }),
    ...cells(account),
    ...['', stateOf(account)],
  ])
  const webhooks = [say({ en: 'webhooks', zh: '回调' }), ...cells(deliveries), String(deliveries.held), '']
  return showTable(head, [...rows, webhooks], lang)
}

/** The table of nodes; empty for a single node. */
const nodeTable = ({ at, problems, nodes }: Overview, { say, lang }: Reader): string[] => {
  if (nodes.length < 2) return []
  const isIdle = problems.some(({ code }) => code === 'no_service')
  const stateOf = ({ lost, differsIn }: Overview['nodes'][number]): string => {
    if (isIdle) return '–'
    if (lost) return say({ en: 'lost', zh: '失联' })
    const named = differsIn.map(trait => CATALOGUES[lang].traits[trait])
    return named.length === 0
      ? say({ en: 'running', zh: '运行中' })
      : say({ en: `differs: ${named.join(', ')}`, zh: `不一致：${named.join('、')}` })
  }
  const sinceSeen = (seenAt: string) => showSpan(Math.max(0, Date.parse(at) - Date.parse(seenAt)), lang)
  const rows = nodes.map(node => [
    ...[node.name, node.id, node.roles.join(','), node.version, sinceSeen(node.seenAt), stateOf(node)],
  ])
  const head = say({ en: 'node|id|ROLES|version|last seen before|state', zh: '节点|id|ROLES|版本|上次报到距今|状态' })
  return [showTable(head.split('|'), rows, lang), '']
}

export const commands = [
  defineCommand({
    path: 'status',
    words: { en: 'what is wrong and what to do, and what waits since when', zh: '查看运行状况：异常与处理建议、积压' },
    options: { watch: flag({ en: 'again every 2 s, until Ctrl+C', zh: '每 2 秒刷新，直到 Ctrl+C' }) },
    example: 'status --watch',
    onStore: async (store, { json, watch, say, lang }): Promise<Answer | undefined> => {
      const read = async (): Promise<Answer> => {
        const overview = await readOverview(store, {
          language: lang,
          isServed: null,
          ...(json ? {} : { showTime: (at: number) => formatTime(at, lang) }),
        })
        return { data: overview, text: showOverview(overview, { say, lang }) }
      }
      if (!watch) return read()
      const ending = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
      // The reader of the pipe has ended, as `head` does.
      process.stdout.once('error', () => ending.abort())
      while (!ending.signal.aborted) {
        const { data, text } = await read()
        if (json) print(JSON.stringify(data))
        else print(process.stdout.isTTY ? `${REDRAW}${text}` : text)
        await clock.sleep(EVERY_MS, ending.signal).catch(() => {})
      }
      return undefined
    },
  }),
]
