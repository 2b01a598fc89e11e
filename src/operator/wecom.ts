import { MINUTE } from '../core/duration.ts'
import { type Dialect, type Judged, judgeByCode, paragraphsOf, ROBOT, titleOf } from './dialect.ts'
import { cutTo } from './plain-text.ts'

/** Maximum bytes of the content. */
const MAX_BYTES = 4_096

/** Too many in a minute, or at a time. */
const TOO_FAST = { waitMs: MINUTE }

const CODES: Readonly<Record<number, Judged>> = {
  93000: 'key',
  93004: 'key',
  93008: 'key',
  60020: 'address',
  40008: 'content',
  40058: 'content',
  44004: 'content',
  45002: 'content',
  45009: TOO_FAST,
  45033: TOO_FAST,
}

/** 企业微信: the key is in the URL, without a signature. */
export const WECOM: Dialect = {
  ...ROBOT,
  render: notice => {
    const title = `**${titleOf(notice)}**`
    const paragraphs = paragraphsOf(notice, {
      limit: MAX_BYTES - Buffer.byteLength(title) - 100,
      paragraph: (headlines, lines) =>
        [...headlines.map(one => `**${one}**`), ...lines.map(line => `> ${line}`)].join('\n'),
    })
    const content = cutTo([title, ...paragraphs].join('\n\n'), MAX_BYTES)
    return { body: JSON.stringify({ msgtype: 'markdown', markdown: { content } }) }
  },
  judge: reply => judgeByCode(reply, { code: 'errcode', detail: 'errmsg' }, code => CODES[code]),
}
