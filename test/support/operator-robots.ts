import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Origin } from '../../src/core/origin.ts'
import type { Connect } from '../../src/http-client/client.ts'
import { listen } from './listen.ts'

interface Call {
  url: URL
  headers: IncomingMessage['headers']
  body: string
}

interface Answered {
  status?: number
  headers?: Record<string, string>
  body: string
}

const KEY = 'c0ffee00-1111-2222-3333-444455556666'
const OTHER_KEY = 'a-key-of-no-robot'
/** None of them has anything of the code that is tested. */
export const ROBOT_SECRET = 'SEC5f3a1c9e7d'
const SECOND = 1_000
const json = (value: object): Answered => ({ body: JSON.stringify(value) })

/** The rules of a robot beside its key, and its settings. */
interface Rules {
  secret?: string
  keyword?: string
  isAddressAllowed?: boolean
  isGone?: boolean
  most?: number
}

/** As the makers of the robots describe them; none could be tried against the real ones. */
const ROBOTS = {
  wecom: {
    url: (key: string) => `http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${key}`,
    answer: ({ url, body }: Call, { most = 20 }: Rules, count: number): Answered => {
      if (url.searchParams.get('key') !== KEY)
        return json({ errcode: 93_000, errmsg: 'invalid webhook url, hint: [1764140000_5_ab12], from ip: 203.0.113.7' })
      if (count > most) return json({ errcode: 45_009, errmsg: 'api freq out of limit, hint: [1764140000_5_ab12]' })
      const { msgtype, markdown } = JSON.parse(body)
      if (msgtype !== 'markdown') return json({ errcode: 40_008, errmsg: 'invalid message type' })
      if (Buffer.byteLength(markdown.content) > 4_096)
        return json({ errcode: 40_058, errmsg: 'markdown.content exceed max length 4096. invalid Request Parameter' })
      return json({ errcode: 0, errmsg: 'ok' })
    },
    textOf: (body: string): string => JSON.parse(body).markdown.content,
  },
  dingtalk: {
    url: (key: string) => `http://oapi.dingtalk.com/robot/send?access_token=${key}`,
    answer: (
      { url, body }: Call,
      { secret, keyword = '', isAddressAllowed = true, most = 20 }: Rules,
      count: number,
    ): Answered => {
      const unsafe = (errmsg: string) =>
        json({ errcode: 310_000, errmsg: `${errmsg}, more: [https://ding.example/doc]` })
      if (url.searchParams.get('access_token') !== KEY) return json({ errcode: 300_005, errmsg: 'token is not exist' })
      if (count > most) return json({ errcode: 130_101, errmsg: 'send too fast, exceed 20 times per minute' })
      if (!isAddressAllowed) return unsafe('ip 203.0.113.7 not in whitelist')
      const { msgtype, markdown } = JSON.parse(body)
      if (secret !== undefined) {
        const timestamp = url.searchParams.get('timestamp') ?? ''
        if (Math.abs(Date.now() - Number(timestamp)) > 3_600 * SECOND) return unsafe('invalid timestamp')
        const expected = createHmac('sha256', secret).update(`${timestamp}\n${secret}`, 'utf8').digest('base64')
        if (url.searchParams.get('sign') !== expected) return unsafe('sign not match')
      }
      if (!`${markdown.title}${markdown.text}`.includes(keyword)) return unsafe('keywords not in content')
      if (msgtype !== 'markdown' || Buffer.byteLength(body) > 20_000)
        return json({ errcode: 460_101, errmsg: 'message too long, exceed 20000 bytes' })
      return json({ errcode: 0, errmsg: 'ok' })
    },
    textOf: (body: string): string => JSON.parse(body).markdown.text,
  },
  feishu: {
    url: (key: string) => `http://open.feishu.cn/open-apis/bot/v2/hook/${key}`,
    answer: (
      { url, body }: Call,
      { secret, keyword = '', isAddressAllowed = true, most = 100 }: Rules,
      count: number,
    ): Answered => {
      if (!url.pathname.endsWith(KEY))
        return json({ code: 19_001, msg: 'param invalid: incoming webhook access token invalid', data: {} })
      if (count > most) return json({ code: 11_232, msg: 'frequency limited psm[lark.oapi.app_platform_runtime]' })
      if (!isAddressAllowed) return json({ code: 19_022, msg: 'Ip Not Allowed', data: {} })
      const { timestamp, sign, msg_type } = JSON.parse(body)
      if (secret !== undefined) {
        const expected = createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64')
        if (Math.abs(Date.now() / SECOND - Number(timestamp)) > 3_600 || sign !== expected)
          return json({ code: 19_021, msg: 'sign match fail or timestamp is not within one hour from current time' })
      }
      if (!body.includes(keyword)) return json({ code: 19_024, msg: 'Key Words Not Found', data: {} })
      if (msg_type !== 'interactive' || Buffer.byteLength(body) > 20 * 1024)
        return json({ code: 9_499, msg: 'Bad Request', data: {} })
      return json({ StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' })
    },
    textOf: (body: string): string => {
      const { header, elements } = JSON.parse(body).card
      return [header.title.content, ...elements.map((one: { text: { content: string } }) => one.text.content)].join(
        '\n',
      )
    },
  },
  slack: {
    url: (key: string) => `http://hooks.slack.com/services/T000/B000/${key}`,
    answer: ({ url, body }: Call, { isGone = false, most = 60 }: Rules, count: number): Answered => {
      if (isGone) return { status: 410, body: 'channel_is_archived' }
      if (!url.pathname.endsWith(KEY)) return { status: 404, body: 'no_service' }
      if (count > most) return { status: 429, headers: { 'retry-after': '30' }, body: 'rate_limited' }
      const { text: fallback, blocks } = JSON.parse(body)
      const isValid =
        typeof fallback === 'string' &&
        blocks.length <= 50 &&
        blocks.every(
          ({ type, text }: { type: string; text: { text: string } }) =>
            text.text.length > 0 && text.text.length <= (type === 'header' ? 150 : 3_000),
        )
      return isValid ? { body: 'ok' } : { status: 400, body: 'invalid_blocks' }
    },
    textOf: (body: string): string =>
      JSON.parse(body)
        .blocks.map(({ text }: { text: { text: string } }) => text.text)
        .join('\n'),
  },
} as const

export type RobotName = keyof typeof ROBOTS

/** A server on 127.0.0.1 with the given answers, for any host name. */
export const openAnswering = async (answer: (call: Call, count: number) => Answered) => {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const url = new URL(request.url ?? '', `http://${request.headers.host}`)
    const call = { url, headers: request.headers, body }
    calls.push(call)
    const { status = 200, headers = {}, body: answered } = answer(call, calls.length)
    response.writeHead(status, headers).end(answered)
  })
  const listening = await listen(server)
  const { port } = listening
  const connect: Connect<Origin> = (_origin, { openTcp }) => openTcp({ host: '127.0.0.1', port })
  return { ...listening, calls: calls as readonly Call[], connect, url: `http://127.0.0.1:${port}/alerts?team=7` }
}

/** A robot of this kind. `texts` are the ones that it accepted. */
export const openRobot = async (name: RobotName, rules: Rules & { isKnown?: boolean } = {}) => {
  const robot = ROBOTS[name]
  const taken: string[] = []
  const server = await openAnswering((call, count) => {
    const answered = robot.answer(call, rules, count)
    taken.push(call.body)
    return answered
  })
  return {
    ...server,
    url: robot.url(rules.isKnown === false ? OTHER_KEY : KEY),
    texts: () => taken.map(robot.textOf),
  }
}
