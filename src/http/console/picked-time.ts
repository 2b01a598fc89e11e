import { html } from 'hono/html'
import { HOUR } from '../../core/duration.ts'
import type { Language } from '../../core/language.ts'
import { ZONE_OF, zoneName } from '../../core/show-time.ts'
import type { Html, Reader } from './page.ts'

/** Of `ZONE_OF`; neither has a summer time. */
const OFFSET: Readonly<Record<Language, string>> = { en: 'Z', zh: '+08:00' }
const OFFSET_MS: Readonly<Record<Language, number>> = { en: 0, zh: 8 * HOUR }
/** As browsers send it, or with a blank, as people type it. */
const PICKED = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?$/

export const zoneOf = ({ language }: Reader): string => {
  const name = zoneName(language, ZONE_OF[language])
  return language === 'zh' ? `（${name}）` : ` (${name})`
}

const ZONE = '-zone'
export const isZone = (name: string): boolean => name.endsWith(ZONE)

/** For a time in the reader's zone, with one of the API in it. Its zone goes with it, so that a link means the same in another language. */
export const timeInput = (reader: Reader, name: string, { at, required }: { at: string; required: Html }): Html => {
  const ms = Date.parse(at) + OFFSET_MS[reader.language]
  const picked = Number.isNaN(ms) ? at : new Date(ms).toISOString().slice(0, 'YYYY-MM-DDTHH:mm'.length)
  return html`<input type="datetime-local" name="${name}" value="${picked}"${required}>
    ${zoneInput(reader, name)}`
}
export const zoneInput = ({ language }: Reader, name: string): Html =>
  html`<input type="hidden" name="${name}${ZONE}" value="${OFFSET[language]}">`

/** The fields of a form, its times as the API takes them; without those that are empty. */
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

/** A search as the API takes it, whose times are of the reader's zone where it names none. */
export const searchAsApiTakes = ({ language }: Reader, query: Readonly<Record<string, string>>) =>
  asApiTakes({ [`since${ZONE}`]: OFFSET[language], [`until${ZONE}`]: OFFSET[language], ...query })
