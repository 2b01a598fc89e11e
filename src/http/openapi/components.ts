import { z } from 'zod'
import type { Language } from '../../core/language.ts'
import { PROBLEM, PROBLEMS } from '../json/problem.ts'
import type { ProblemCode } from './problems.ts'

type JsonSchema = Record<string, unknown>

export const header = (description: string, schema: JsonSchema = { type: 'string' }) => ({ description, schema })
export const REQUEST_ID = { 'x-request-id': header('The id of this call in the log of the service.') }
const CONTENT_LANGUAGE = {
  'content-language': header('The language of its texts.', { type: 'string', enum: ['en', 'zh'] }),
}
const RETRY_AFTER = { 'retry-after': header('Seconds to wait.', { type: 'integer', minimum: 0 }) }
const HEADERS_OF: Partial<Record<ProblemCode, object>> = {
  unauthorized: { 'www-authenticate': header('How to authenticate.') },
  too_many_requests: RETRY_AFTER,
  unavailable: RETRY_AFTER,
}

/** How zod writes a reference to a schema with an id. */
const REFERENCE = /"#\/\$defs\//g

export type Components = ReturnType<typeof createComponents>

/** Describes requests and responses of calls, and collects the components that they refer to. */
export const createComponents = (language: Language) => {
  const schemas: Record<string, JsonSchema> = {}
  const responses: Record<string, object> = {}

  /**
   * Returns the JSON schema; for a schema with an `id` in its meta, a reference.
   *
   * @param io `input` for requests, `output` for responses
   */
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
    const override: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
      // zod drops them where the value is transformed.
      const { examples, default: byDefault } = z.globalRegistry.get(zodSchema) ?? {}
      Object.assign(jsonSchema, examples && { examples }, byDefault !== undefined && { default: byDefault })
      // zod keeps the pattern of a transformed text, and writes the limits of every integer.
      if (jsonSchema.format === 'date-time' || jsonSchema.type === 'integer') delete jsonSchema.pattern
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (io === 'input') return
      delete jsonSchema.readOnly
      delete jsonSchema.propertyNames
      // Later versions may add fields to a response, so its readers must ignore unknown fields.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    }
    const described = z.toJSONSchema(z.object({ it: schema }), { io, override, unrepresentable: 'any' })
    const { properties, $defs } = JSON.parse(JSON.stringify(described).replaceAll(REFERENCE, '"#/components/schemas/'))
    Object.assign(schemas, $defs)
    return properties.it
  }

  const listed = (code: ProblemCode): string => {
    const title = PROBLEMS[code].title[language]
    return language === 'zh' ? `\`${code}\`：${title}。` : `\`${code}\`: ${title}. `
  }

  return {
    schemas,
    responses,
    schemaOf,

    /** Returns the response of a call that is refused with one of these codes. */
    refusalOf: (codes: readonly ProblemCode[]) => {
      const name = codes.join('_or_')
      responses[name] ??= {
        description: codes.map(listed).join('').trim(),
        headers: Object.assign({ ...REQUEST_ID, ...CONTENT_LANGUAGE }, ...codes.map(code => HEADERS_OF[code])),
        content: { 'application/problem+json': { schema: schemaOf(PROBLEM, 'output') } },
      }
      return { $ref: `#/components/responses/${name}` }
    },
  }
}
