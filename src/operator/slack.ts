import { type Dialect, paragraphsOf, ROBOT, titleOf } from './dialect.ts'
import { cutTo } from './plain-text.ts'

const MAX_HEADER = 150
const MAX_SECTION = 3_000
/** Maximum bytes of all sections: more than anybody reads. */
const MAX_BYTES = 12_000
/** A message may have 50 blocks, of which the header is one. */
const MAX_SECTIONS = 48

/** Statuses of lasting errors: `invalid_token`, `no_service`, `channel_not_found`, `channel_is_archived`. */
const GONE = new Set([401, 403, 404, 410])

/** Any other text may be a foreign page, which may repeat the path with the key. */
const ERROR_NAME = /^[a-z_]{1,100}$/

/** Slack: the URL is the secret. `verbatim` keeps plain text from becoming links and mentions. */
export const SLACK: Dialect = {
  ...ROBOT,
  avoidsFullHours: false,
  render: notice => {
    const title = titleOf(notice)
    const sections = paragraphsOf(notice, {
      limit: MAX_BYTES,
      count: MAX_SECTIONS,
      each: MAX_SECTION,
      paragraph: (headlines, lines) => [...headlines.map(one => `*${one}*`), ...lines].join('\n'),
      link: (text, url) => `<${url.replaceAll('&', '&amp;')}|${text}>`,
    })
    const blocks = [
      { type: 'header', text: { type: 'plain_text', text: cutTo(title, MAX_HEADER), emoji: false } },
      ...sections.map(text => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })),
    ]
    return { body: JSON.stringify({ text: title, blocks }) }
  },
  judge: ({ status, waitMs, text }) => {
    if (status === 200 && text.trim() === 'ok') return { kind: 'told' }
    const named = { code: `http ${status}`, detail: ERROR_NAME.test(text.trim()) ? text.trim() : '' }
    if (GONE.has(status)) return { kind: 'refused', problem: 'key', ...named }
    if (status === 400) return { kind: 'refused', problem: 'content', ...named }
    return { kind: 'later', ...named, waitMs }
  },
}
