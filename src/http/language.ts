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

/** Returns the language of a response by `Accept-Language`; English if it names neither. */
export const languageOf = (c: Context): Language => (detectFromHeader(c, OPTIONS) === 'zh' ? 'zh' : 'en')

/** Returns `language`, by default that of `Accept-Language`, and sets the headers of a response in it. */
export const answerLanguage = (c: Context, language = languageOf(c)): Language => {
  c.header('content-language', language)
  c.header('vary', 'accept-language')
  return language
}

/** Returns the reader's choice by `?lang=`; null if it is missing or not a supported language. */
const chosenLanguage = (c: Context): Language | null => {
  const chosen = detectFromQuery(c, OPTIONS)
  return chosen === 'zh' || chosen === 'en' ? chosen : null
}

/** Returns the language of a page: the reader's last choice, or the browser's preference. */
export const languageFor = (c: Context): Language => {
  const chosen = chosenLanguage(c) ?? getCookie(c, COOKIE)
  return chosen === 'zh' || chosen === 'en' ? chosen : languageOf(c)
}

/** Remembers the choice of `?lang=` for all pages below a path. */
export const keepLanguage = (c: Context, path: string): void => {
  const chosen = chosenLanguage(c)
  if (chosen) setCookie(c, COOKIE, chosen, { path, sameSite: 'Lax', maxAge: (400 * DAY) / SECOND })
}
