import { styleText } from 'node:util'
import { clock } from '../../app/clock-and-ids.ts'
import { enumOf, matching } from '../../config/parsers.ts'
import { createClosing } from '../../core/closing.ts'
import type { Language } from '../../core/language.ts'
import { databaseFaultOf } from '../../core/operator-texts/database-fault.ts'
import { CATALOGUES } from '../../core/operator-texts/describe.ts'
import { SERIAL, SERIAL_FORM } from '../../core/registration-input.ts'
import { databaseErrorOf } from '../../store/unavailable.ts'
import { type Common, defineCommand, flag, option } from '../command.ts'
import { refuse, wordsOf } from '../ending.ts'
import { print } from '../environment.ts'
import { checkBackup, checkIntegrity, checkKey, checkSchema, checkWork } from './database.ts'
import { type Check, type DoctorFacts, openFacts } from './facts.ts'
import { type Finding, type Found, failed, skipped } from './finding.ts'
import { checkUpstream } from './live.ts'
import { checkFiles, checkSettings, checkSpace, checkVersions } from './local.ts'
import { checkClock, checkDns, checkOperator, checkProxies } from './network.ts'
import { checkLocks, checkServer, checkTransactions } from './postgres.ts'

interface Checked {
  check: Check
  of?: 'sqlite' | 'postgres'
  online?: true
}

/** The checks in their order. `of`: only for this kind of database; `online`: needs the network. */
const CHECKS = {
  settings: { check: checkSettings },
  versions: { check: checkVersions },
  files: { check: checkFiles, of: 'sqlite' },
  space: { check: checkSpace, of: 'sqlite' },
  integrity: { check: checkIntegrity, of: 'sqlite' },
  server: { check: checkServer, of: 'postgres' },
  schema: { check: checkSchema },
  key: { check: checkKey },
  transactions: { check: checkTransactions, of: 'postgres' },
  locks: { check: checkLocks, of: 'postgres' },
  dns: { check: checkDns, online: true },
  upstream: { check: checkUpstream, online: true },
  clock: { check: checkClock, online: true },
  proxies: { check: checkProxies, online: true },
  operator: { check: checkOperator },
  work: { check: checkWork },
  backup: { check: checkBackup },
} satisfies Record<string, Checked>

type CheckName = keyof typeof CHECKS
export const CHECK_NAMES = Object.keys(CHECKS) as CheckName[]

const STATES = {
  en: { ok: 'ok     ', warning: 'warning', failed: 'failed ', skipped: 'skipped' },
  zh: { ok: '正常', warning: '警告', failed: '失败', skipped: '跳过' },
}
const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'gray' } as const
const WORST_FIRST = ['failed', 'warning', 'ok', 'skipped'] as const
const WIDTH = Math.max(...CHECK_NAMES.map(name => name.length))

interface Named {
  name: CheckName
  finding: Finding
}
type Input = Common & { offline: boolean; deep: boolean; only: CheckName | null; live: string | null }

/** Finds faults without changing anything, also while a service runs. The exit code is 1 if a check fails. */
const doctor = async ({ offline, deep, only, live, json, lang }: Input): Promise<void> => {
  if (live !== null && (offline || (only ?? 'upstream') !== 'upstream'))
    refuse({
      en: '--live needs the check upstream: leave out --offline and --only',
      zh: '--live 需要检查项 upstream：请去掉 --offline 和 --only',
    })
  await using stack = createClosing()
  const facts = await openFacts({ now: clock.now(), deep, offline, live })
  stack.defer(() => facts.close())
  const all: Named[] = []
  for (const name of CHECK_NAMES) {
    const { of }: Checked = CHECKS[name]
    const isOurs = of === undefined || of === facts.engine
    if (only === null ? !isOurs : name !== only) continue
    const findings = [await run(name, facts)].flat().map(finding => ({ name, finding: skipIfReported(finding, all) }))
    all.push(...findings)
    if (!json) for (const one of findings) print(showFinding(one, lang))
  }
  const state = WORST_FIRST.find(state => all.some(({ finding }) => finding.state === state)) ?? 'skipped'
  if (json)
    print(
      JSON.stringify({ state, at: new Date(facts.now).toISOString(), checks: all.map(one => viewFinding(one, lang)) }),
    )
  if (state === 'failed') process.exitCode = 1
}

/** Runs a check. One that throws counts as failed; the others still run. */
const run = async (name: CheckName, facts: DoctorFacts): Promise<Found> => {
  const { check, of, online }: Checked = CHECKS[name]
  if (of !== undefined && of !== facts.engine)
    return skipped({ en: 'not made: it is about another kind of database', zh: '未检查：该项针对另一种数据库' })
  if (online && facts.offline) return skipped({ en: 'not made, because of --offline', zh: '因 --offline 未检查' })
  try {
    return await check(facts)
  } catch (error) {
    return judgeBroken(error)
  }
}

export const judgeBroken = (error: unknown): Finding => {
  const [{ en, zh }, fault] = [wordsOf(error), databaseFaultOf(databaseErrorOf(error) ?? '')]
  const todo = { en: CATALOGUES.en.databaseRemedies[fault], zh: CATALOGUES.zh.databaseRemedies[fault] }
  return failed({ en: `the check broke: ${en}`, zh: `检查中断：${zh}` }, todo)
}

/** If several checks fail for one reason, such as a database that cannot be opened, only the first one reports it. */
const skipIfReported = (finding: Finding, told: readonly Named[]): Finding => {
  const before = told.find(one => one.finding.state === 'failed' && one.finding.text.en === finding.text.en)
  return before
    ? skipped({ en: `not made, for the same reason as ${before.name}`, zh: `未检查，原因同 ${before.name}` })
    : finding
}

const showFinding = ({ name, finding }: Named, lang: Language): string => {
  const { state, text, todo } = finding
  const mark = styleText(COLOURS[state], STATES[lang][state], { stream: process.stdout })
  const indent = ' '.repeat(WIDTH + 11)
  return [
    `${mark}  ${name.padEnd(WIDTH)}  ${text[lang]}`,
    ...(todo === null ? [] : [`${indent}→ ${todo[lang].replaceAll('\n', `\n${indent}  `)}`]),
    ...(todo?.command ? [`${indent}$ ${todo.command}`] : []),
  ].join('\n')
}

const viewFinding = ({ name, finding: { state, text, todo, data } }: Named, lang: Language) => ({
  name,
  state,
  text: text[lang],
  todo: todo?.[lang] ?? null,
  command: todo?.command ?? null,
  data,
})

export const commands = [
  defineCommand({
    path: 'doctor',
    words: {
      en: 'check for problems and print what to do; changes nothing, and may run beside the service',
      zh: '检查异常并给出处理办法；不改动任何内容，可在服务运行时执行',
    },
    options: {
      offline: flag({
        en: 'make no network calls: no DNS, no GetResult, no proxy',
        zh: '不访问外部：不查 DNS、GetResult 与代理',
      }),
      deep: flag({
        en: 'check the whole database and the last backup, about 10 s per gigabyte, and send a test to OPERATOR_URL',
        zh: '完整检查数据库与最近的备份（每 GB 约 10 秒），并向 OPERATOR_URL 试发一条',
      }),
      live: option('SERIAL', matching(SERIAL, SERIAL_FORM), {
        en: 'poll this serial, just submitted or verified, with the default account, and print what the service would do with the answer; a serial registered here is refused: GetResult may return a verdict only once',
        zh: '以默认账户和您自己的流水号（刚提交或已核验）查询 GetResult，说明服务将如何处理响应；已在本服务登记的流水号不予查询：结果可能只返回一次',
      }),
      only: option('NAME', enumOf(CHECK_NAMES), { en: 'make this check alone', zh: '只做这一项检查' }),
    },
    example: 'doctor --offline',
    run: doctor,
  }),
]
