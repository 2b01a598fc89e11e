import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { clock } from '../../app/clock-and-ids.ts'
import { SECOND } from '../../core/duration.ts'
import type { Delivery } from '../../simulator/receiver.ts'
import type { Call } from '../../simulator/upstream.ts'
import { columnsOf, pad } from '../output.ts'
import { judgeScene, type Scene } from './scenes.ts'
import type { Stage } from './stage.ts'
import type { DemoTexts } from './texts.ts'

const POLL_EVERY_MS = 100

interface DemoRun {
  stage: Stage
  scenes: readonly Scene[]
  texts: DemoTexts
  print: (text: string) => void
  /** Ends the wait for webhooks that do not come. */
  signal: AbortSignal
}

/**
 * Plays the scenes and prints what happens, then the outcome. True only if the receiver, which knows nothing of the service but
 * the signing secret, got and verified every webhook that it should have, and nothing else.
 */
export const runDemo = async (run: DemoRun): Promise<boolean> => {
  const { stage, scenes } = run
  printCast(run)
  const startedAt = clock.now()
  const show = createTimeline(run, startedAt)
  showEvents(run, show)
  for (const { path, refusals } of scenes) stage.receiver.plan(path, refusals)
  for (const { idcardid, script } of scenes) if (script) stage.simulator.script(idcardid, script)
  const ids: string[] = []
  for (const { idcardid, path } of scenes) {
    const { partner: from, notifier: to } = run.texts
    show({ from, to, idcardid, text: run.texts.registers(path), style: 'plain' })
    const { id } = await stage.client.register({ idcardid, callbackUrl: stage.receiver.urlFor(path) })
    ids.push(id)
  }
  await allSettled(run, ids)
  return printOutcome(run, ((clock.now() - startedAt) / SECOND).toFixed(1))
}

const FORMATS = { plain: 'reset', quiet: 'dim', good: 'green', bad: 'yellow' } as const

type Show = (event: { from: string; to: string; idcardid: string; text: string; style: keyof typeof FORMATS }) => void

/** Prints lines like `+1.2s  notifier → GetResult  demo-pass  poll 2: ING`, aligned in columns. */
const createTimeline = ({ scenes, texts, print }: DemoRun, startedAt: number): Show => {
  const { partner, notifier, upstream } = texts
  const [first = 0, second = 0] = [partner, notifier, upstream].map(columnsOf).toSorted((a, b) => b - a)
  const serialColumns = Math.max(...scenes.map(({ idcardid }) => columnsOf(idcardid)))
  return ({ from, to, idcardid, text, style }) => {
    const time = `+${((clock.now() - startedAt) / SECOND).toFixed(1)}s`.padStart(7)
    const line = `${pad(`${from} → ${to}`, first + second + ' → '.length)}  ${pad(idcardid, serialColumns)}  ${text}`
    print(`${styleText('dim', time)}  ${style === 'plain' ? line : styleText(FORMATS[style], line)}`)
  }
}

const printCast = ({ stage, scenes, texts, print }: DemoRun): void => {
  const cast: (readonly [string, string])[] = [
    [texts.upstream, stage.simulator.url],
    [texts.notifier, stage.url],
    [texts.receiver, stage.receiver.url],
    ...scenes.map(({ idcardid }) => [idcardid, texts.scenes[idcardid] ?? ''] as const),
  ]
  print(`${styleText('bold', texts.title)}\n`)
  for (const [i, [name, what]] of cast.entries())
    print(`${i === cast.length - scenes.length ? '\n' : ''}  ${pad(name, 14)}${what}`)
  print('')
}

const showEvents = ({ stage, texts }: DemoRun, show: Show): void => {
  stage.simulator.events.on('call', ({ idcardid, answer }: Call) => {
    const number = stage.simulator.callsOf(idcardid ?? '').length
    const isVerdict = answer === '2 SUCCESS' || answer === '2 FAIL'
    show({
      from: texts.notifier,
      to: texts.upstream,
      idcardid: idcardid ?? '-',
      text: texts.poll(number, texts.answers[answer] ?? answer),
      style: isVerdict ? 'plain' : 'quiet',
    })
  })
  stage.receiver.events.on('delivery', ({ body, type, attempt, verified, status }: Delivery) => {
    const isTaken = status !== null && status >= 200 && status < 300
    const judged = verified === true ? texts.verified : texts.unverified(verified)
    show({
      from: texts.notifier,
      to: texts.partner,
      idcardid: idcardidOf(body),
      text: `${texts.delivery(type ?? '-', attempt ?? 0)}${judged}${texts.answered(status, !isTaken)}`,
      style: isTaken ? 'good' : 'bad',
    })
  })
}

const idcardidOf = (body: string): string => /"idcardid":"([\w-]+)"/.exec(body)?.[1] ?? '-'

/** Waits until the service has delivered every message, or given it up. */
const allSettled = async ({ stage, signal }: DemoRun, ids: readonly string[]): Promise<void> => {
  while (!signal.aborted) {
    const registered = await Promise.all(ids.map(id => stage.client.getRegistration(id)))
    if (registered.every(({ delivery }) => delivery.state !== 'pending')) return
    await sleep(POLL_EVERY_MS)
  }
}

const printOutcome = ({ stage, scenes, texts, print }: DemoRun, seconds: string): boolean => {
  const faults = scenes.flatMap(scene => judgeScene(scene, stage.receiver.receivedAt(scene.path)) ?? [])
  const counts = { registered: scenes.length, webhooks: scenes.length, deliveries: stage.receiver.received.length }
  print('')
  if (faults.length === 0) print(styleText('green', texts.held(counts)))
  else print([styleText('red', texts.broken), ...faults.map(fault => `  ${texts.fault(fault)}`)].join('\n'))
  print(`${texts.polls(stage.simulator.calls.length, seconds)}\n`)
  return faults.length === 0
}
