import type { Step } from './script.ts'

const MESSAGES: Record<number, string> = {
  0: '未知错误',
  1: '查询失败',
  2: '查询成功',
  400: '非法ip访问',
  401: '帐号不能为空',
  402: '密码不能为空',
  403: '应用不存在',
  405: 'API ID或API KEY不正确',
  4050: '账号被冻结',
  40501: '动态密码已过期',
  40502: '动态密码校验失败',
  40505: '没有签定合同',
  4051: '动态密码校验失败',
  4052: '访问ip与备案ip不符',
  4060: '流水号不能为空',
  4061: '数据不存在',
}
const RESULT_MESSAGES: Record<string, string> = { SUCCESS: '认证成功', FAIL: '认证失败' }
const UNUSABLE = { array: [], string: '', null: null }

/** The text of an answer, as JSON or XML, as the vendor writes them. */
export const formatAnswer = (step: Step): string => (step.format === 'xml' ? formatXml(step) : formatJson(step))

const formatJson = (step: Step): string => {
  const { code, msg } = describe(step)
  const head = { code: step.codeAsString ? String(code) : code, msg }
  if (code !== 2 || step.result === 'missing') return JSON.stringify(head)
  return JSON.stringify({ ...head, result: step.result ? UNUSABLE[step.result] : describeResult(step) })
}

const formatXml = (step: Step): string => {
  const { code, msg } = describe(step)
  const xmlns = step.namespace === undefined ? '' : ` xmlns="${escapeXml(step.namespace)}"`
  const head = `<code>${code}</code><msg>${escapeXml(msg)}</msg>`
  return `<?xml version="1.0" encoding="utf-8"?><GetResultResult${xmlns}>${head}${formatXmlResult(step)}</GetResultResult>`
}

const formatXmlResult = (step: Step): string => {
  if (describe(step).code !== 2 || step.result === 'missing') return ''
  if (step.result) return step.result === 'array' ? '<result/>' : '<result></result>'
  const elements = Object.entries(describeResult(step)).map(([name, value]) => {
    return `<${name}>${escapeXml(value === null ? '' : String(value))}</${name}>`
  })
  return `<result>${elements.join('')}</result>`
}

const describe = ({ code = 2, msg = MESSAGES[code] ?? '未知错误' }: Step) => ({ code, msg })

const describeResult = (step: Step) => {
  const { status = 'SUCCESS', message = RESULT_MESSAGES[status] ?? '', livingScore = '' } = step
  const { similarity = status === 'SUCCESS' ? '100' : '' } = step
  return { status, message, livingScore, similarity }
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, character => ENTITIES[character] ?? character)
