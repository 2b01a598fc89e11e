import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { DAY, SECOND } from '../../core/duration.ts'
import type { Language } from '../../core/language.ts'
import { chosenLanguage, languageOf } from '../language.ts'

const COOKIE = 'idface_lang'

/** What the reader has chosen last, or what the browser asks for. */
export const languageFor = (c: Context): Language => {
  const chosen = chosenLanguage(c) ?? getCookie(c, COOKIE)
  return chosen === 'zh' || chosen === 'en' ? chosen : languageOf(c)
}

/** Remembers what `?lang=` says. */
export const keepLanguage = (c: Context, path: string): void => {
  const chosen = chosenLanguage(c)
  if (chosen) setCookie(c, COOKIE, chosen, { path, sameSite: 'Lax', maxAge: (400 * DAY) / SECOND })
}
