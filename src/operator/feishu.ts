import { createHmac } from 'node:crypto'
import { MINUTE, SECOND } from '../core/duration.ts'
import { type Dialect, type Judged, judgeByCode, paragraphsOf, ROBOT, titleOf } from './dialect.ts'

/** Maximum bytes of the paragraphs: the whole body may have 20 KB. */
const MAX_BYTES = 14_000

const TOO_FAST = { waitMs: MINUTE }

const CODES: Readonly<Record<number, Judged>> = {
  19001: 'key',
  19021: 'signature',
  19022: 'address',
  19024: 'keyword',
  9499: 'content',
  230025: 'content',
  230099: 'content',
  11232: TOO_FAST,
  99991400: TOO_FAST,
}

/** By `OPERATOR_SECRET`: the key is the text that others sign, and the signed text is empty. Time in seconds. */
const signatureOf = (timestamp: string, secret: string): string =>
  createHmac('sha256', `${timestamp}\n${secret}`).digest('base64')

const plain = (content: string) => ({ tag: 'plain_text', content })

/** 飞书, and Lark: a card of version 1.0. Plain text makes no mentions, and has no links: with one it is markdown. */
export const FEISHU: Dialect = {
  ...ROBOT,
  render: (notice, [secret]) => {
    const timestamp = String(Math.floor(notice.at / SECOND))
    const paragraphs = paragraphsOf(notice, {
      limit: MAX_BYTES,
      paragraph: (headlines, lines) => [...headlines, ...lines].join('\n'),
    })
    const tag = notice.items.some(({ page }) => page !== undefined) ? 'lark_md' : 'plain_text'
    const isFiring = notice.items.some(({ state }) => state === 'firing')
    const card = {
      config: { wide_screen_mode: true },
      header: {
        title: plain(titleOf(notice)),
        template: isFiring ? 'red' : 'green',
      },
      elements: paragraphs.map(content => ({ tag: 'div', text: { tag, content } })),
    }
    const signed = secret === undefined ? {} : { timestamp, sign: signatureOf(timestamp, secret) }
    return { body: JSON.stringify({ ...signed, msg_type: 'interactive', card }) }
  },
  judge: reply => judgeByCode(reply, { code: 'code', detail: 'msg' }, code => CODES[code]),
}
