import type { Answer, Verdict } from './answer.ts'
import { readDuration } from './duration.ts'
import type { Words } from './language.ts'

/**
 * The account of test serials, which the service answers itself, so that no account's pause, outage or rate concerns them. It is made
 * where SANDBOX is on, and stays; no list has it, and no partner can name it.
 */
export const TEST_ACCOUNT_ID = 'acc_test'

/** A serial that stands for a check with a known end. */
export interface TestSerial {
  outcome: 'success' | 'fail' | 'notfound' | 'expire'
  /** The age at which it ends; 0 without a duration. */
  afterMs: number
}

const TEST_SERIAL = /^test_(success|fail|notfound|expire)(?:_([0-9]+[a-z]+)(?:_[\w-]+)?|_[A-Za-z][\w-]*)?$/

/**
 * Reads `test_(success|fail|notfound|expire)`, optionally with a duration, and after that any word that makes it unique, such as
 * `test_success_3s` or `test_success_3s_order-42`. Without a duration the word begins with a letter: `test_success_3` has lost its unit.
 * Null for any other serial.
 */
export const readTestSerial = (idcardid: string): TestSerial | null => {
  const [, outcome, duration = '0s'] = TEST_SERIAL.exec(idcardid) ?? []
  const afterMs = readDuration(duration)
  return outcome === undefined || afterMs === null ? null : { outcome: outcome as TestSerial['outcome'], afterMs }
}

/** Whether it was meant to be one and cannot be read, such as `test_sucess`. */
export const isMisspelt = (idcardid: string): boolean =>
  idcardid.startsWith('test_') && readTestSerial(idcardid) === null
export const TEST_SERIAL_FORM: Words = {
  en: 'begins like a test serial: it must be test_success, test_fail, test_notfound or test_expire, with a duration and a word of your own if you like, such as test_success_3s_my-1',
  zh: '以 test_ 开头，但不是可用的测试流水号：必须是 test_success、test_fail、test_notfound 或 test_expire，之后可加时长和自定义后缀，例如 test_success_3s_my-1',
}

const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const PASSED: Verdict = { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' }
const FAILED: Verdict = { status: 'FAIL', message: '认证失败', livingScore: null, similarity: null }
const ENDS: Readonly<Record<TestSerial['outcome'], Answer>> = {
  success: { kind: 'verdict', code: 2, verdict: PASSED },
  fail: { kind: 'verdict', code: 2, verdict: FAILED },
  notfound: { kind: 'not_found', code: 4061 },
  // Like a link that nobody uses: it ends at the registration's deadline.
  expire: WAITING,
}

/** What GetResult would answer about a test serial of this age: ING until `afterMs` has passed. */
export const answerOfTestSerial = ({ outcome, afterMs }: TestSerial, ageMs: number): Answer =>
  ageMs < afterMs ? WAITING : ENDS[outcome]
