import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SECOND } from '../../core/duration.ts'
import { type Common, defineCommand, flag, type Say } from '../command.ts'
import { complain, print } from '../environment.ts'
import { pad } from '../output.ts'
import { exportsOf } from '../partner-environment.ts'
import { programCommand } from '../program.ts'
import { runDemo } from './run.ts'
import { SCENES } from './scenes.ts'
import type { Stage } from './stage.ts'

/** Maximum wait for the webhooks. */
const PATIENCE_MS = 15 * SECOND
/** Time limit of the whole demo, including its shutdown. */
const LIMIT_MS = 25 * SECOND

/** Sets the exit code to 0 only if every webhook came as expected. With `keep` it runs until Ctrl-C. */
const demo = async ({ keep, say, lang }: Common & { keep: boolean }): Promise<void> => {
  const limit = setTimeout(() => {
    const seconds = LIMIT_MS / SECOND
    complain(say({ en: `The demo did not end within ${seconds} s.`, zh: `演示未能在 ${seconds} 秒内结束。` }))
    process.exit(1)
  }, LIMIT_MS)
  const folder = mkdtempSync(join(tmpdir(), 'idface-notifier-demo-'))
  // Retries, since a thread that has not stopped yet may still write there.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  // Not `once`: without a listener, a second signal would end the process before its folder is removed.
  const interrupted = () => process.exit(130)
  let onSignal: () => void = interrupted
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => onSignal())

  // Loads the whole service, so it is imported late: `--help` loads this file too.
  const { openStage } = await import('./stage.ts')
  const stage = await openStage(folder)
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const held = await runDemo({ stage, scenes: SCENES, say, lang, print, signal })
  process.exitCode = held ? 0 : 1
  if (keep) {
    clearTimeout(limit)
    printKept(stage, say)
    await new Promise<void>(resolve => {
      onSignal = () => {
        onSignal = interrupted
        resolve()
      }
    })
  } else if (held) {
    const again = say({
      en: 'the same, and it keeps running for your own curl',
      zh: '再来一遍，结束后保持运行，可用 curl 试用',
    })
    print(`  ${pad(`${programCommand()} demo --keep`, 30)}${again}`)
    print(`  ${pad(`${programCommand()} --help`, 30)}${say({ en: 'all commands', zh: '查看全部命令' })}`)
    const start = say({ en: 'your first webhook in five minutes', zh: '五分钟收到第一个回调' })
    print(`  ${pad(say({ en: 'README.md', zh: 'README.zh-CN.md' }), 30)}${start}`)
  }
  await stage.close()
  clearTimeout(limit)
}

const printKept = (stage: Stage, say: Say): void => {
  const stops = say({
    en: 'The service keeps running. Ctrl-C stops it and removes its database.',
    zh: '服务保持运行。按 Ctrl-C 结束，并删除临时数据库。',
  })
  const serials = say({
    en: 'Registering the same serial again returns the same registration, without a second webhook: use test_success_3s_2 instead.\nThe simulator also knows test_fail_10s, test_notfound and test_expire; any other serial is 4061.',
    zh: '同一流水号再次登记，得到的是原有的登记，不会再次回调；请换用 test_success_3s_2 等。\n模拟器还认识 test_fail_10s、test_notfound、test_expire；其他流水号一律返回 4061。',
  })
  print(`${stops}

${say({ en: 'The console, for operators with this token, and for partners with the API key below:', zh: '控制台（运维人员用此令牌登录，合作方用下方的 API 密钥登录）：' })}

  ${stage.url}/console/
  ${stage.adminToken}

${say({ en: 'Paste this into another terminal first:', zh: '先在另一个终端整段粘贴：' })}

${exportsOf(stage)}

${say({ en: 'Register a serial; paste all of it:', zh: '登记一个流水号（整段粘贴）：' })}

  curl -s "$NOTIFIER_URL/v1/registrations" \\
    -H "authorization: Bearer $API_KEY" -H 'content-type: application/json' \\
    -d '{"idcardid":"test_success_3s","callbackUrl":"${stage.receiver.urlFor('/hook')}"}'

${say({ en: 'What has become of it, newest first:', zh: '查看登记（按时间倒序）：' })}

  curl -s "$NOTIFIER_URL/v1/registrations" -H "authorization: Bearer $API_KEY"

${say({ en: 'Why there is no webhook yet (put in an id):', zh: '为什么还没有回调（填入登记的 id）：' })}

  curl -s "$NOTIFIER_URL/v1/registrations/reg_…/explain" -H "authorization: Bearer $API_KEY"

${serials}
`)
}

export const commands = [
  defineCommand({
    path: 'demo',
    words: {
      en: 'run a demo: simulator, service and receiver in one process, in under 30 seconds',
      zh: '30 秒演示：模拟器、服务与接收端在同一进程中运行',
    },
    options: { keep: flag({ en: 'leave it running afterwards', zh: '演示结束后保持运行' }) },
    printsData: false,
    run: demo,
  }),
]
