import { randomInt } from 'node:crypto'
import { clock } from '../../app/clock-and-ids.ts'
import type { Config } from '../../config/settings.ts'
import type { Answer } from '../../core/answer.ts'
import type { Words } from '../../core/language.ts'
import type { Secret } from '../../core/secret.ts'
import { isInUse } from '../../store/accounts/rows.ts'
import type { Inspection } from '../../store/inspection.ts'
import { openUpstream } from '../../upstream/upstream.ts'
import { USER_AGENT } from '../../version.ts'
import { wordsOf } from '../ending.ts'
import { programCommand } from '../program.ts'
import { type Finding, failed, quoted } from './finding.ts'

export interface AskedAccount {
  apiId: string
  /** `paused`: not polled, since repeated bad logins may freeze an account. */
  outcome: Answer | 'paused' | 'unreadable'
  /** Answer to a second call, made if the first returned a verdict on the operator's own serial. */
  again: Answer | null
  passwordMode: 'dynamic' | 'static'
  durationMs: number
  /** Lead of GetResult's clock over ours in ms, to within a second; null: unknown. */
  aheadMs: number | null
}

interface Known {
  account: { id: string; apiId: string; passwordMode: 'dynamic' | 'static'; isDefault: boolean }
  apiKey: Secret | null
  isPaused: boolean
}

const NOT_ASKED = { again: null, durationMs: 0, aheadMs: null }

/** A number in the form of a serial that GetResult has never issued. */
const unknownSerial = (): string => `99${randomInt(1e12).toString().padStart(12, '0')}`

const unread = ({ en, zh }: Words): Finding =>
  failed(
    {
      en: `nothing was polled, because the database cannot be read to check whether this serial is registered here: ${en}`,
      zh: `未查询：不能确定该流水号是否已在本服务登记；无法读取数据库：${zh}`,
    },
    {
      en: 'fix what the other checks of doctor find',
      zh: '请先处理 doctor 其他检查项指出的问题',
      command: `${programCommand()} doctor --offline`,
    },
  )

/**
 * Returns why the operator's own serial must not be polled; null if it may be. GetResult may serve a verdict only once,
 * and the verdict of a registered serial belongs to the service.
 *
 * @param unopened why the existing database cannot be opened
 */
export const findRefusal = async (
  serial: string,
  { inspection, unopened }: { inspection: Inspection | null; unopened: Words | null },
): Promise<Finding | null> => {
  if (serial.startsWith('test_'))
    return failed(
      { en: 'nothing was polled: GetResult has no test serials', zh: '未查询：GetResult 没有测试流水号' },
      {
        en: 'give a serial that Submit returned',
        zh: '请使用 Submit 返回的流水号',
      },
    )
  if (unopened) return unread(unopened)
  if (inspection === null) return null
  try {
    const age = await inspection.age()
    if (age === 'new') return null
    if (age !== 'current')
      return unread({ en: 'its schema is not the one of this version', zh: '数据库结构不是当前版本' })
    const registered = await inspection.registeredAs(serial)
    if (registered === null) return null
    return failed(
      {
        en: `nothing was polled: ${registered} is registered here, and GetResult may return its verdict only once, which the service needs`,
        zh: `未查询：${registered} 已在本服务登记；结果可能只返回一次，应留给服务读取`,
      },
      {
        en: 'see what the service knows about it, or give a serial that is not registered here',
        zh: '请查看该登记的情况，或改用未在本服务登记的流水号',
        command: `${programCommand()} explain ${quoted(registered)}`,
      },
    )
  } catch (error) {
    return unread(wordsOf(error))
  }
}

/**
 * Calls GetResult with each account in turn about an unknown serial; or, with `live`, about the operator's own serial
 * with the default account only, since a serial belongs to one account, and again after a verdict.
 */
export const askAccounts = async (
  { upstream: settings }: Config,
  inspection: Inspection | null,
  live: string | null = null,
): Promise<AskedAccount[]> => {
  const upstream = openUpstream({ ...settings, userAgent: USER_AGENT, clock })
  const ask = async ({ account, apiKey, isPaused }: Known): Promise<AskedAccount> => {
    const { apiId, passwordMode } = account
    if (isPaused || apiKey === null)
      return { ...NOT_ASKED, apiId, passwordMode, outcome: isPaused ? 'paused' : 'unreadable' }
    const begin = clock.monotonic()
    const askOnce = () => upstream.ask({ ...account, apiKey }, live ?? unknownSerial())
    const outcome = await askOnce()
    const durationMs = Math.round(clock.monotonic() - begin)
    const again = live !== null && outcome.kind === 'verdict' ? await askOnce() : null
    return { apiId, passwordMode, outcome, again, durationMs, aheadMs: upstream.clockAheadMs() }
  }
  try {
    const asked: AskedAccount[] = []
    const known = await accountsOf(settings, inspection)
    const isMeant = ({ account }: Known) => account.isDefault && account.apiId === (settings.account ?? account.apiId)
    for (const one of live === null ? known : known.filter(isMeant).slice(0, 1)) asked.push(await ask(one))
    return asked
  } finally {
    upstream.close()
  }
}

/** The account of the settings comes first, with its key from the settings. */
const accountsOf = async (
  { account: apiId, apiKey, passwordMode }: Config['upstream'],
  inspection: Inspection | null,
): Promise<Known[]> => {
  const isReadable = (await inspection?.age()) === 'current' && (await inspection?.opensWithKey())
  const stored = isReadable ? ((await inspection?.accounts()) ?? []) : []
  const known = stored.map(one => ({ ...one, isPaused: one.account.pausedAt !== null }))
  if (apiId === null || apiKey === null) return known.filter(one => isInUse(one.account))
  const isPaused = known.some(one => one.account.apiId === apiId && one.isPaused)
  const others = known.filter(one => isInUse(one.account) && one.account.apiId !== apiId)
  return [{ account: { id: 'settings', apiId, passwordMode, isDefault: true }, apiKey, isPaused }, ...others]
}
