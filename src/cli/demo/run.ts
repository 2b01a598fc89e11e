import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { clock } from '../../app/clock-and-ids.ts'
import { SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import type { Delivery } from '../../simulator/receiver.ts'
import type { GetResultCall } from '../../simulator/upstream.ts'
import type { Common } from '../command.ts'
import { pad, tableColumnsOf } from '../output.ts'
import { judgeScene, type Scene } from './scenes.ts'
import type { Stage } from './stage.ts'

const POLL_EVERY_MS = 100

interface DemoRun extends Pick<Common, 'say' | 'lang'> {
  stage: Stage
  scenes: readonly Scene[]
  print: (text: string) => void
  /** Aborts the wait for webhooks. */
  signal: AbortSignal
}

const PARTIES = {
  partner: { en: 'partner', zh: '合作方' },
  notifier: { en: 'notifier', zh: '本服务' },
  upstream: { en: 'GetResult', zh: 'GetResult' },
} satisfies Record<string, Words>

/** Texts for GetResult's answers, by the simulator's names. */
const ANSWERS: Readonly<Record<string, Words>> = {
  '2 ING': { en: 'ING, not finished yet', zh: 'ING，尚未完成' },
  '2 SUCCESS': { en: 'SUCCESS', zh: 'SUCCESS，通过' },
  '2 FAIL': { en: 'FAIL', zh: 'FAIL，未通过' },
  '4061': { en: '4061, no such serial (yet)', zh: '4061，（暂时）查不到该流水号' },
}

/**
 * Plays the scenes and prints each step, then the result. Returns true only if the receiver, which knows nothing of the
 * service but the signing secret, got and verified every expected webhook and no other.
 */
export const runDemo = async (run: DemoRun): Promise<boolean> => {
  const { stage, scenes, say } = run
  printCast(run)
  const startedAt = clock.now()
  const show = createTimeline(run, startedAt)
  showEvents(run, show)
  for (const { path, refusals } of scenes) stage.receiver.plan(path, refusals)
  for (const { idcardid, script } of scenes) if (script) stage.simulator.script(idcardid, script)
  const ids: string[] = []
  for (const { idcardid, path } of scenes) {
    const text = say({ en: `POST /v1/registrations, callback ${path}`, zh: `POST /v1/registrations，回调到 ${path}` })
    show({ from: 'partner', to: 'notifier', idcardid, text, format: 'reset' })
    const { id } = await stage.client.register({ idcardid, callbackUrl: stage.receiver.urlFor(path) })
    ids.push(id)
  }
  await allSettled(run, ids)
  return printOutcome(run, ((clock.now() - startedAt) / SECOND).toFixed(1))
}

type Party = keyof typeof PARTIES
type Show = (event: {
  from: Party
  to: Party
  idcardid: string
  text: string
  format: 'reset' | 'dim' | 'green' | 'yellow'
}) => void

/** Prints lines like `+1.2s  notifier → GetResult  demo-pass  poll 2: ING`, aligned in columns. */
const createTimeline = ({ scenes, lang, print }: DemoRun, startedAt: number): Show => {
  const [first = 0, second = 0] = Object.values(PARTIES)
    .map(words => tableColumnsOf(words[lang]))
    .toSorted((a, b) => b - a)
  const serialColumns = Math.max(...scenes.map(({ idcardid }) => tableColumnsOf(idcardid)))
  return ({ from, to, idcardid, text, format }) => {
    const time = `+${((clock.now() - startedAt) / SECOND).toFixed(1)}s`.padStart(7)
    const way = pad(`${PARTIES[from][lang]} → ${PARTIES[to][lang]}`, first + second + ' → '.length)
    print(`${styleText('dim', time)}  ${styleText(format, `${way}  ${pad(idcardid, serialColumns)}  ${text}`)}`)
  }
}

const printCast = ({ stage, scenes, say, lang, print }: DemoRun): void => {
  const title = say({
    en: 'idface-notifier demo: everything in one process, with a temporary database.',
    zh: 'idface-notifier 演示：全部在一个进程内运行，使用临时数据库。',
  })
  print(`${styleText('bold', title)}\n`)
  print(`  ${pad(PARTIES.upstream[lang], 14)}${stage.simulator.url}`)
  print(`  ${pad(PARTIES.notifier[lang], 14)}${stage.url}`)
  print(`  ${pad(say({ en: 'callback', zh: '接收端' }), 14)}${stage.receiver.url}\n`)
  for (const { idcardid, what } of scenes) print(`  ${pad(idcardid, 14)}${what[lang]}`)
  print('')
}

const showEvents = ({ stage, say, lang }: DemoRun, show: Show): void => {
  stage.simulator.events.on('call', ({ idcardid, answer }: GetResultCall) => {
    const number = stage.simulator.callsOf(idcardid ?? '').length
    const told = ANSWERS[answer]?.[lang] ?? answer
    const text = say({ en: `poll ${number}: ${told}`, zh: `第 ${number} 次查询：${told}` })
    const format = answer === '2 SUCCESS' || answer === '2 FAIL' ? 'reset' : 'dim'
    show({ from: 'notifier', to: 'upstream', idcardid: idcardid ?? '-', text, format })
  })
  stage.receiver.events.on('delivery', ({ body, type, attempt, verified, status }: Delivery) => {
    const isTaken = status !== null && status >= 200 && status < 300
    const tried = say({ en: `${type}, attempt ${attempt}: `, zh: `${type}，第 ${attempt} 次投递：` })
    const judged =
      verified === true
        ? say({ en: 'verified', zh: '验签通过' })
        : say({ en: `NOT verified (${verified})`, zh: `验签失败（${verified}）` })
    const answered = ` → ${status ?? say({ en: 'no answer', zh: '无响应' })}${isTaken ? '' : say({ en: ', refused', zh: '，拒收' })}`
    const text = `${tried}${judged}${answered}`
    show({ from: 'notifier', to: 'partner', idcardid: idcardidOf(body), text, format: isTaken ? 'green' : 'yellow' })
  })
}

const idcardidOf = (body: string): string => /"idcardid":"([\w-]+)"/.exec(body)?.[1] ?? '-'

/** Resolves when the service has delivered or given up every message, or the signal aborts. */
const allSettled = async ({ stage, signal }: DemoRun, ids: readonly string[]): Promise<void> => {
  while (!signal.aborted) {
    const registered = await Promise.all(ids.map(id => stage.client.getRegistration(id)))
    if (registered.every(({ delivery }) => delivery.state !== 'pending')) return
    await sleep(POLL_EVERY_MS)
  }
}

const printOutcome = ({ stage, scenes, say, print }: DemoRun, seconds: string): boolean => {
  const faults = scenes.flatMap(scene => judgeScene(scene, stage.receiver.receivedAt(scene.path)) ?? [])
  const [count, deliveries, polls] = [scenes.length, stage.receiver.received.length, stage.simulator.calls.length]
  const held = say({
    en: `${count} registered, ${count} webhooks received and verified (in ${deliveries} attempts)`,
    zh: `登记 ${count} 条，收到并验签通过的回调 ${count} 个（共投递 ${deliveries} 次）`,
  })
  print('')
  if (faults.length === 0) print(styleText('green', held))
  else print(styleText('red', say({ en: 'Not everything went as it should:', zh: '结果与预期不符：' })))
  for (const { idcardid, expected, got } of faults)
    print(
      say({
        en: `  ${idcardid}: expected ${expected}, got ${got}`,
        zh: `  ${idcardid}：应为 ${expected}，实为 ${got}`,
      }),
    )
  print(
    say({ en: `${polls} polls of GetResult, ${seconds} s\n`, zh: `查询 GetResult ${polls} 次，用时 ${seconds} 秒\n` }),
  )
  return faults.length === 0
}
