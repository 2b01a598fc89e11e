import { type Answer, readAnswer } from './answer.ts'
import { readDuration } from './duration.ts'

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

const NOTHING = { message: null, livingScore: null, similarity: null }
const WAITING = { code: 2, status: 'ING', ...NOTHING }
const ENDS = {
  success: { code: 2, status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' },
  fail: { code: 2, status: 'FAIL', message: '认证失败', livingScore: null, similarity: null },
  notfound: { code: 4061, status: null, ...NOTHING },
  // Like a link that nobody uses: it ends at the registration's deadline.
  expire: WAITING,
}

/** What GetResult would answer about a test serial of this age: ING until `afterMs` has passed. */
export const answerOfTestSerial = ({ outcome, afterMs }: TestSerial, ageMs: number): Answer =>
  readAnswer(ageMs < afterMs ? WAITING : ENDS[outcome])
