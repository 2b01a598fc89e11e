import { createHmac } from 'node:crypto'
import { MINUTE } from '../core/duration.ts'
import { type Dialect, type Judged, judgeByCode, type Problem, paragraphsOf, ROBOT, titleOf } from './dialect.ts'
import { cutTo } from './plain-text.ts'

/** Maximum bytes of the text: the whole body may have 20,000. */
const MAX_BYTES = 16_000

/** One code for all refusals by safety settings; only the text names the cause. */
const UNSAFE = 310_000
const unsafe = (detail: string): Problem => {
  if (/keyword/i.test(detail)) return 'keyword'
  if (/sign|timestamp/i.test(detail)) return 'signature'
  return /\bip\b|whitelist/i.test(detail) ? 'address' : 'key'
}

/** The robot then takes nothing for ten minutes. */
const TOO_FAST = { waitMs: 10 * MINUTE }

const CODES: Readonly<Record<number, Judged>> = {
  300001: 'key',
  300005: 'key',
  400013: 'key',
  400101: 'key',
  400102: 'key',
  400106: 'key',
  400105: 'content',
  430101: 'content',
  430102: 'content',
  430103: 'content',
  430104: 'content',
  460101: 'content',
  130101: TOO_FAST,
  410100: TOO_FAST,
  90030: TOO_FAST,
}

/** By `OPERATOR_SECRET`; the time is in ms. */
const signatureOf = (timestamp: number, secret: string): string =>
  encodeURIComponent(createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'))

/** 钉钉. */
export const DINGTALK: Dialect = {
  ...ROBOT,
  render: (notice, [secret]) => {
    const title = titleOf(notice)
    const paragraphs = paragraphsOf(notice, {
      limit: MAX_BYTES - Buffer.byteLength(title) - 100,
      paragraph: (headlines, lines) => [...headlines.map(one => `**${one}**`), ...lines].join('\n\n'),
    })
    const text = cutTo([`#### ${title}`, ...paragraphs].join('\n\n'), MAX_BYTES)
    return {
      query: secret === undefined ? '' : `timestamp=${notice.at}&sign=${signatureOf(notice.at, secret)}`,
      body: JSON.stringify({ msgtype: 'markdown', markdown: { title, text } }),
    }
  },
  judge: reply =>
    judgeByCode(reply, { code: 'errcode', detail: 'errmsg' }, (code, detail) =>
      code === UNSAFE ? unsafe(detail) : CODES[code],
    ),
}
