import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SECOND } from '../../core/duration.ts'
import { type Common, defineCommand, flag } from '../command.ts'
import { complain, print } from '../environment.ts'
import { pad } from '../output.ts'
import { exportsOf } from '../partner-environment.ts'
import { callOf } from '../program.ts'
import { runDemo } from './run.ts'
import { SCENES } from './scenes.ts'
import { openStage, type Stage } from './stage.ts'
import { DEMO_TEXTS, type DemoTexts } from './texts.ts'

/** How long to wait for webhooks that do not come. */
const PATIENCE_MS = 15 * SECOND
/** The limit of the whole demo, its end included. */
const LIMIT_MS = 25 * SECOND

/** Sets the exit code to 0 only if every webhook came as it should. With `keep` it runs until Ctrl-C. */
const demo = async ({ keep, lang }: Common & { keep: boolean }): Promise<void> => {
  const texts = DEMO_TEXTS[lang]
  const limit = setTimeout(() => {
    complain(texts.tooLong(LIMIT_MS / SECOND))
    process.exit(1)
  }, LIMIT_MS)
  const folder = mkdtempSync(join(tmpdir(), 'idface-notifier-demo-'))
  // A thread that has not stopped yet may still write there.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  // Never `once`: without a listener, a second signal would end the process before its folder is gone.
  const interrupted = () => process.exit(130)
  let onSignal: () => void = interrupted
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => onSignal())

  const stage = await openStage(folder)
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const held = await runDemo({ stage, scenes: SCENES, texts, print, signal })
  process.exitCode = held ? 0 : 1
  if (keep) {
    clearTimeout(limit)
    printKept(stage, texts)
    await new Promise<void>(resolve => {
      onSignal = () => {
        onSignal = interrupted
        resolve()
      }
    })
  } else if (held) for (const [command, what] of texts.next(callOf())) print(`  ${pad(command, 30)}${what}`)
  await stage.close()
  clearTimeout(limit)
}

const printKept = (stage: Stage, { kept, serials }: DemoTexts): void => {
  print(`${kept.title}

${kept.set}

${exportsOf(stage)}

${kept.register}

  curl -s "$NOTIFIER_URL/v1/registrations" \\
    -H "authorization: Bearer $API_KEY" -H 'content-type: application/json' \\
    -d '{"idcardid":"test_success_3s","callbackUrl":"${stage.receiver.urlFor('/hook')}"}'

${kept.look}

  curl -s "$NOTIFIER_URL/v1/registrations" -H "authorization: Bearer $API_KEY"

${kept.why}

  curl -s "$NOTIFIER_URL/v1/registrations/reg_…/explain" -H "authorization: Bearer $API_KEY"

${serials}
`)
}

export const commands = [
  defineCommand({
    path: 'demo',
    words: [
      'see it work: simulator, service and receiver in one process, in under 30 seconds',
      '30 秒演示：模拟器、服务与接收端在同一进程中运行',
    ],
    options: { keep: flag('leave it running afterwards', '演示结束后保持运行') },
    printsData: false,
    example: 'demo',
    run: demo,
  }),
]
