import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { type DetectorOptions, detectFromHeader, detectFromQuery } from 'hono/language'
import { DAY, SECOND } from '../core/duration.ts'
import type { Language } from '../core/language.ts'

const COOKIE = 'idface_lang'

const OPTIONS: DetectorOptions = {
  order: ['querystring', 'header'],
  lookupQueryString: 'lang',
  lookupCookie: 'lang',
  lookupFromHeaderKey: 'accept-language',
  lookupFromPathIndex: 0,
  supportedLanguages: ['en', 'zh'],
  fallbackLanguage: 'en',
  ignoreCase: true,
  caches: false,
}

/** The language to answer in, by `Accept-Language`; English where it names neither. */
export const languageOf = (c: Context): Language => (detectFromHeader(c, OPTIONS) === 'zh' ? 'zh' : 'en')

/** The same, unless another is given, for an answer that is in it: its headers say so. */
export const answerLanguage = (c: Context, language = languageOf(c)): Language => {
  c.header('content-language', language)
  c.header('vary', 'accept-language')
  return language
}

/** What a reader has chosen by `?lang=`; null where that is missing or no language of ours. */
const chosenLanguage = (c: Context): Language | null => {
  const chosen = detectFromQuery(c, OPTIONS)
  return chosen === 'zh' || chosen === 'en' ? chosen : null
}

/** What the reader of a page has chosen last, or what the browser asks for. */
export const languageFor = (c: Context): Language => {
  const chosen = chosenLanguage(c) ?? getCookie(c, COOKIE)
  return chosen === 'zh' || chosen === 'en' ? chosen : languageOf(c)
}

/** Remembers what `?lang=` says, for all pages below a path. */
export const keepLanguage = (c: Context, path: string): void => {
  const chosen = chosenLanguage(c)
  if (chosen) setCookie(c, COOKIE, chosen, { path, sameSite: 'Lax', maxAge: (400 * DAY) / SECOND })
}
