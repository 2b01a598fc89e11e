import { html } from 'hono/html'
import { HOUR } from '../../core/duration.ts'
import type { Language } from '../../core/language.ts'
import { ZONE_OF, zoneName } from '../../core/show-time.ts'
import type { Html, Reader } from './page.ts'

/** UTC offsets of the zones in `ZONE_OF`; neither has summer time. */
const OFFSET: Readonly<Record<Language, string>> = { en: 'Z', zh: '+08:00' }
const OFFSET_MS: Readonly<Record<Language, number>> = { en: 0, zh: 8 * HOUR }
/** A time as browsers send it, or with a blank, as people type it. */
const PICKED = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?$/

export const zoneOf = ({ language }: Reader): Html => {
  const name = html`<span data-zone>${zoneName(language, ZONE_OF[language])}</span>`
  return language === 'zh' ? html`（${name}）` : html` (${name})`
}

const ZONE = '-zone'
export const isZone = (name: string): boolean => name.endsWith(ZONE)

/**
 * An input for a time in the reader's zone, filled with a time of the API. The form also sends the zone, so that a link
 * means the same in another language.
 */
export const timeInput = (reader: Reader, name: string, { at, required }: { at: string; required: Html }): Html => {
  const ms = Date.parse(at) + OFFSET_MS[reader.language]
  const picked = Number.isNaN(ms) ? at : new Date(ms).toISOString().slice(0, 'YYYY-MM-DDTHH:mm'.length)
  return html`<input type="datetime-local" name="${name}" value="${picked}"${required}>
    ${zoneInput(reader, name)}`
}
const zoneInput = ({ language }: Reader, name: string): Html =>
  html`<input type="hidden" name="${name}${ZONE}" value="${OFFSET[language]}">`

/** The zone of the times that a search has, and of its days: on English pages scripts put the browser's in. */
export const searchZone = (language: Language): Html =>
  html`<input type="hidden" name="zone" value="${ZONE_OF[language]}">`

/** Returns the fields of a form without empty ones, with times as the API takes them. */
export const asApiTakes = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      const zone = fields[`${name}${ZONE}`]
      if (value === '' || isZone(name)) return []
      return [
        [
          name,
          zone ? value.replace(PICKED, (_, day, minute, second = ':00') => `${day}T${minute}${second}${zone}`) : value,
        ],
      ]
    }),
  )
