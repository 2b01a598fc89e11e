import { styleText } from 'node:util'
import { clock } from '../../app/clock-and-ids.ts'
import type { Language } from '../../core/language.ts'
import { databaseErrorOf } from '../../store/write-error.ts'
import { print, reasonOf } from '../environment.ts'
import type { Common } from '../frame/command.ts'
import { callOf } from '../frame/program.ts'
import { checkIntegrity, checkKey, checkSchema, lockedOut } from './database.ts'
import { type Desk, openDesk } from './desk.ts'
import { checkDisk, checkFiles, checkSpace } from './files.ts'
import { type Finding, type FindingState, failed, skipped, worstOf } from './finding.ts'
import { CHECK_NAMES, type CheckName, OF_ENGINE } from './names.ts'
import { checkDns, checkProxies, checkUpstream } from './network.ts'
import { checkOperator } from './operator.ts'
import {
  checkConnections,
  checkDurability,
  checkLocks,
  checkServer,
  checkTransactions,
  checkVacuum,
} from './postgres.ts'
import { checkSettings } from './settings.ts'
import { checkHolders, checkLitestream, checkLog } from './users.ts'
import { checkVersions } from './versions.ts'
import { checkAccounts, checkBackup, checkCallbacks, checkClock, checkDue, checkExhausted, checkNodes } from './work.ts'

type Found = Finding | readonly Finding[]
type Check = (desk: Desk) => Found | Promise<Found>

const CHECKS: Readonly<Record<CheckName, Check>> = {
  settings: checkSettings,
  versions: checkVersions,
  files: checkFiles,
  disk: checkDisk,
  space: checkSpace,
  integrity: checkIntegrity,
  server: checkServer,
  schema: checkSchema,
  key: checkKey,
  log: checkLog,
  holders: checkHolders,
  litestream: checkLitestream,
  durability: checkDurability,
  vacuum: checkVacuum,
  transactions: checkTransactions,
  locks: checkLocks,
  connections: checkConnections,
  dns: checkDns,
  upstream: checkUpstream,
  clock: checkClock,
  proxies: checkProxies,
  operator: checkOperator,
  accounts: checkAccounts,
  due: checkDue,
  exhausted: checkExhausted,
  callbacks: checkCallbacks,
  nodes: checkNodes,
  backup: checkBackup,
}

/** These speak with others. */
const ONLINE: readonly CheckName[] = ['dns', 'upstream', 'proxies']
const OFFLINE = skipped('not made, because of --offline', '因 --offline 未检查')

const OF_OTHER_DATABASE = skipped('not made: it is about another kind of database', '未检查：该项针对另一种数据库')

const STATES: Readonly<Record<Language, Readonly<Record<FindingState, string>>>> = {
  en: { ok: 'ok     ', warning: 'warning', failed: 'failed ', skipped: 'skipped' },
  zh: { ok: '正常', warning: '警告', failed: '失败', skipped: '跳过' },
}
const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'gray' } as const
const WIDTH = Math.max(...CHECK_NAMES.map(name => name.length))

type Input = Common & { offline: boolean; deep: boolean; only: CheckName | null }

/** Looks for what is wrong, changes nothing, and works beside a service. The exit code is 1 where something has failed. */
export const doctor = async ({ offline, deep, only, json, lang }: Input): Promise<void> => {
  await using stack = new AsyncDisposableStack()
  const desk = await openDesk({ now: clock.now(), deep, offline, call: callOf(process.env), lang })
  stack.defer(() => desk.close())
  const all: { name: CheckName; finding: Finding }[] = []
  const look = (name: CheckName) => (offline && ONLINE.includes(name) ? OFFLINE : run(CHECKS[name], desk))
  const isOurs = (name: CheckName) => (OF_ENGINE[name] ?? desk.engine) === desk.engine
  for (const name of only === null ? CHECK_NAMES.filter(isOurs) : [only]) {
    const found = isOurs(name) ? await look(name) : OF_OTHER_DATABASE
    const findings = [found].flat().map(finding => ({ name, finding: unlessTold(finding, all) }))
    all.push(...findings)
    if (!json) for (const one of findings) print(showFinding(one, lang))
  }
  const state = worstOf(all.map(({ finding }) => finding))
  if (json)
    print(
      JSON.stringify({ state, at: new Date(desk.now).toISOString(), checks: all.map(one => viewFinding(one, lang)) }),
    )
  if (state === 'failed') process.exitCode = 1
}

/** What keeps several checks from being made, such as a database that cannot be opened, is told by the first of them. */
const unlessTold = (finding: Finding, told: readonly { name: CheckName; finding: Finding }[]): Finding => {
  if (finding.state !== 'failed') return finding
  const before = told.find(one => one.finding.state === 'failed' && one.finding.text.en === finding.text.en)
  return before ? skipped(`not made, for the same reason as ${before.name}`, `未检查，原因同 ${before.name}`) : finding
}

/** What PostgreSQL calls it that another session has locked a table. */
const LOCKED = '55P03'

/** A check that breaks has failed, and the others go on. */
const run = async (check: Check, desk: Desk): Promise<Found> => {
  try {
    return await check(desk)
  } catch (error) {
    if (databaseErrorOf(error) === LOCKED) return lockedOut(desk.call)
    return failed(`the check broke: ${reasonOf(error, 'en')}`, `检查中断：${reasonOf(error, 'zh')}`)
  }
}

const showFinding = ({ name, finding }: { name: CheckName; finding: Finding }, lang: Language): string => {
  const { state, text, todo, command } = finding
  const mark = styleText(COLOURS[state], STATES[lang][state], { stream: process.stdout })
  const lines = [`${mark}  ${name.padEnd(WIDTH)}  ${text[lang]}`]
  const indent = ' '.repeat(WIDTH + 11)
  if (todo !== null) lines.push(`${indent}→ ${todo[lang]}`)
  if (command !== null) lines.push(`${indent}$ ${command}`)
  return lines.join('\n')
}

const viewFinding = ({ name, finding }: { name: CheckName; finding: Finding }, lang: Language) => ({
  name,
  state: finding.state,
  text: finding.text[lang],
  todo: finding.todo?.[lang] ?? null,
  command: finding.command,
})
