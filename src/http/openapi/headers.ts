/** The headers of answers that mean something to the caller. */
export const HEADERS = {
  location: { description: 'Where it is.', schema: { type: 'string' } },
  'content-language': { description: 'The language of the sentence.', schema: { type: 'string', enum: ['en', 'zh'] } },
  'retry-after': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  'www-authenticate': { description: 'How to authenticate.', schema: { type: 'string' } },
} as const
