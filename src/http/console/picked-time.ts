import { html, raw } from 'hono/html'
import { HOUR } from '../../core/duration.ts'
import type { Language } from '../../core/language.ts'
import { ZONE_OF, zoneName } from '../../core/show-time.ts'
import type { Html, Reader } from './page.ts'

/** Of `ZONE_OF`; neither has a summer time. */
const OFFSET: Readonly<Record<Language, string>> = { en: 'Z', zh: '+08:00' }
const OFFSET_MS: Readonly<Record<Language, number>> = { en: 0, zh: 8 * HOUR }
/** As browsers send it: seconds only where somebody has typed some. */
const PICKED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?$/

const IN_ZONE: Readonly<Record<Language, string>> = {
  en: ` (${zoneName('en', ZONE_OF.en)})`,
  zh: `（${zoneName('zh', ZONE_OF.zh)}）`,
}

/** A field for a time in the reader's zone, with one of the API in it. A form that has one needs `zoneInput` too. */
export const timeInput = (
  { language }: Reader,
  name: string,
  { label, isRequired, at }: { label: string; isRequired: boolean; at?: string | undefined },
): Html => {
  const picked = at
    ? new Date(Date.parse(at) + OFFSET_MS[language]).toISOString().slice(0, 'YYYY-MM-DDTHH:mm'.length)
    : ''
  return html`<label>${label}${IN_ZONE[language]}
    <input type="datetime-local" name="${name}" value="${picked}"${isRequired ? raw(' required') : ''}></label>`
}

/** Goes with the times, so that they mean the same to whoever opens the link in another language. */
export const zoneInput = ({ language }: Reader): Html =>
  html`<input type="hidden" name="zone" value="${OFFSET[language]}">`

/** The fields of a form, its times as the API takes them; without those that are empty. */
export const withZone = ({ zone = 'Z', ...fields }: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === '' ? [] : [[name, value.replace(PICKED, (_, minute, second = ':00') => `${minute}${second}${zone}`)]],
    ),
  )
