import type { Answer, Verdict } from './answer.ts'
import { readDuration } from './duration.ts'
import type { Words } from './language.ts'

/**
 * Account of test serials. The service answers them itself, so no pause, outage or rate of an account affects them. It
 * is created where SANDBOX is on, and stays; no list has it, and no partner can name it.
 */
export const TEST_ACCOUNT_ID = 'acc_test'

const OUTCOMES = ['success', 'fail', 'notfound', 'expire', 'invalid', 'unknown'] as const

/** A serial that stands for a check with a known end. */
export interface TestSerial {
  outcome: (typeof OUTCOMES)[number]
  /** Age at which it ends, in ms; 0 without a duration. */
  afterMs: number
  /** Scores of its verdict; null: the default ones. */
  similarity: string | null
  livingScore: string | null
  /** Its webhook is sent twice. */
  twice: boolean
}

const WORDS = ['similarity', 'living', 'twice'].map(word => `${word}(?:_|$)`).join('|')
const TEST_SERIAL = new RegExp(
  `^test_(${OUTCOMES.join('|')})(?:_([0-9]+[a-z]+))?(?:_similarity_([0-9]{1,3}))?(?:_living_([0-9]{1,3}))?(_twice(?=_|$))?(?:_(?!${WORDS})([\\w-]+))?$`,
)

/**
 * Reads `test_OUTCOME`, followed, if given, in this order, by a duration, `similarity_95`, `living_88`, `twice`, and
 * any word that makes it unique, such as `test_success_3s` or `test_success_3s_order-42`. Without a duration before it
 * the word begins with a letter or is a number: `test_success_3_order` has lost its unit. Returns null for any other
 * serial.
 */
export const readTestSerial = (idcardid: string): TestSerial | null => {
  const [, named, duration, similarity = null, livingScore = null, twice, word = ''] = TEST_SERIAL.exec(idcardid) ?? []
  const outcome = OUTCOMES.find(one => one === named)
  const afterMs = readDuration(duration ?? '0s')
  if (outcome === undefined || afterMs === null || (duration === undefined && /^(?![A-Za-z]|[0-9]*$)/.test(word)))
    return null
  const scores = [similarity, livingScore].filter(score => score !== null)
  const isVerdict = outcome === 'success' || outcome === 'fail'
  if (scores.some(score => !isVerdict || Number(score) > 100)) return null
  return { outcome, afterMs, similarity, livingScore, twice: twice !== undefined }
}

/** Whether a test serial ends as it says: by this service, or by a simulator, which alone has an `http:` address. */
export const areTestSerialsOn = ({ sandbox, url }: { sandbox: boolean; url: string }): boolean =>
  sandbox || url.startsWith('http:')

/** Whether the serial begins like a test serial and cannot be read as one, such as `test_sucess` or `TEST-SUCCESS`. */
export const isMisspelt = (idcardid: string): boolean =>
  /^test[_-]/i.test(idcardid) && readTestSerial(idcardid) === null

const FORMS = OUTCOMES.map(outcome => `test_${outcome}`)
export const TEST_SERIAL_FORM: Words = {
  en: `begins like a test serial: it must be ${FORMS.join(', ')}, then if you like, in this order, a duration, similarity_95, living_88, twice and a word of your own, such as test_success_3s_twice_my-1; the word begins with a letter or is a number`,
  zh: `以 test_ 开头，但不是可用的测试流水号：必须是 ${FORMS.join('、')} 之一，之后可依次加时长、similarity_95、living_88、twice 和自定义后缀，例如 test_success_3s_twice_my-1；后缀以字母开头，或为纯数字`,
}
export const TEST_SERIALS_OFF: Words = {
  en: 'is a test serial, and they are off in this service: send a serial that Submit has returned',
  zh: '是测试流水号，本服务未开启：请使用 Submit 返回的流水号',
}

/** Whether the body is that of a webhook that the sandbox sends twice. */
export const isSentTwice = (body: string): boolean =>
  body.includes('"sandbox":true') && (readTestSerial(JSON.parse(body).data.idcardid)?.twice ?? false)

const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const PASSED: Verdict = { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' }
const FAILED: Verdict = { status: 'FAIL', message: '认证失败', livingScore: null, similarity: null }
const ENDS: Readonly<Record<TestSerial['outcome'], Answer>> = {
  success: { kind: 'verdict', code: 2, verdict: PASSED },
  fail: { kind: 'verdict', code: 2, verdict: FAILED },
  invalid: { kind: 'invalid_id', code: 4060 },
  unknown: { kind: 'unknown_status', code: 2, status: 'UNDOCUMENTED' },
  notfound: { kind: 'not_found', code: 4061 },
  // Like a link that nobody uses: it ends at the registration's deadline.
  expire: WAITING,
}

/** Returns GetResult's answer about a test serial of this age: ING until `afterMs` has passed. */
export const answerOfTestSerial = (
  { outcome, afterMs, similarity, livingScore }: TestSerial,
  ageMs: number,
): Answer => {
  if (ageMs < afterMs) return WAITING
  const end = ENDS[outcome]
  if (end.kind !== 'verdict') return end
  const { verdict } = end
  const scores = { similarity: similarity ?? verdict.similarity, livingScore: livingScore ?? verdict.livingScore }
  return { ...end, verdict: { ...verdict, ...scores } }
}
