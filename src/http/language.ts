import type { Context } from 'hono'
import { type DetectorOptions, detectFromHeader, detectFromQuery } from 'hono/language'
import type { Language } from '../core/language.ts'

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
export const chosenLanguage = (c: Context): Language | null => {
  const chosen = detectFromQuery(c, OPTIONS)
  return chosen === 'zh' || chosen === 'en' ? chosen : null
}
