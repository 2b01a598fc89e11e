import type { ServerResponse } from 'node:http'
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
const HTML = '<!doctype html><html><head><title>Error</title></head><body><h1>Service error</h1></body></html>'
const HUGE_BYTES = 70 * 1024

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, character => ENTITIES[character] ?? character)

/** Returns the text of an answer, as JSON or XML, as the vendor writes it. */
const formatAnswer = (step: Step): string => {
  const { code = 2, msg = MESSAGES[code] ?? '未知错误', format } = step
  const result = code === 2 ? resultOf(step) : undefined
  return format === 'xml' ? formatXml(code, msg, result) : JSON.stringify({ code, msg, result })
}

const resultOf = ({ status = 'SUCCESS', message = RESULT_MESSAGES[status] ?? '', livingScore = '', ...step }: Step) => {
  const { similarity = status === 'SUCCESS' ? '100' : '' } = step
  return { status, message, livingScore, similarity }
}

const formatXml = (code: number, msg: string, result?: ReturnType<typeof resultOf>): string => {
  const elements = Object.entries(result ?? {}).map(
    ([name, value]) => `<${name}>${escapeXml(`${value ?? ''}`)}</${name}>`,
  )
  const body = result ? `<result>${elements.join('')}</result>` : ''
  const head = `<code>${code}</code><msg>${escapeXml(msg)}</msg>`
  return `<?xml version="1.0" encoding="utf-8"?><GetResultResult>${head}${body}</GetResultResult>`
}

/** Answers one GetResult call as the step says, faults included. `date` is the simulated clock's Date header. */
export const sendStep = (response: ServerResponse, step: Step, date: string): void => {
  const { fault, http, code, body, retryAfter, format } = step
  if (fault === 'hang') return
  if (fault === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  const isPage = http !== undefined && code === undefined
  const type = isPage ? 'text/html' : format === 'xml' ? 'text/xml' : 'application/json'
  const bytes = Buffer.from(body ?? (isPage ? HTML : formatAnswer(step)))
  const sent = fault === 'badUtf8' ? withBadUtf8(bytes) : fault === 'cut' ? bytes.subarray(0, bytes.length / 2) : bytes
  response.writeHead(http ?? 200, {
    'content-type': `${type}; charset=utf-8`,
    date,
    ...(fault === 'huge' ? {} : { 'content-length': sent.length }),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  })
  response.write(sent)
  response.end(fault === 'huge' ? ' '.repeat(HUGE_BYTES - sent.length) : '')
}

/** A reader that replaces bad bytes finds a well-formed verdict here, and so gives itself away. */
const withBadUtf8 = (body: Buffer): Buffer => {
  const at = body.indexOf('查')
  return at < 0 ? Buffer.concat([body, Buffer.from([0xff])]) : Buffer.from(body).fill(0xff, at, at + 3)
}
