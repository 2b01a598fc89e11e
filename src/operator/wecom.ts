import { MINUTE } from '../core/duration.ts'
import { type Dialect, JSON_HEADERS, judgeByCode, type Problem, paragraphsOf, ROBOT, titleOf } from './dialect.ts'
import { cutTo } from './plain-text.ts'

/** Bytes of the content. */
const MOST_BYTES = 4_096

const PROBLEMS: Readonly<Record<number, Problem>> = {
  93000: 'key',
  93004: 'key',
  93008: 'key',
  60020: 'address',
  40008: 'content',
  40058: 'content',
  44004: 'content',
  45002: 'content',
}
/** Too many in a minute, or at a time. */
const TOO_FAST = new Set([45_009, 45_033])

/** 企业微信: the key is in the URL, and there is no signature. */
export const WECOM: Dialect = {
  ...ROBOT,
  render: notice => {
    const title = `**${titleOf(notice)}**`
    const paragraphs = paragraphsOf(notice, {
      most: MOST_BYTES - Buffer.byteLength(title) - 100,
      paragraph: (headlines, lines) =>
        [...headlines.map(one => `**${one}**`), ...lines.map(line => `> ${line}`)].join('\n'),
    })
    const content = cutTo([title, ...paragraphs].join('\n\n'), MOST_BYTES)
    return { query: '', headers: JSON_HEADERS, body: JSON.stringify({ msgtype: 'markdown', markdown: { content } }) }
  },
  judge: reply =>
    judgeByCode(reply, { code: 'errcode', said: 'errmsg' }, code =>
      TOO_FAST.has(code) ? { waitMs: MINUTE } : (PROBLEMS[code] ?? null),
    ),
}
