import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

/** zod names what refers to a schema with an id so. */
const REFERENCE = /"#\/\$defs\//g
export const withComponentReferences = <Document>(document: Document): Document =>
  JSON.parse(JSON.stringify(document).replaceAll(REFERENCE, '"#/components/schemas/'))

/**
 * The JSON schemas of `named`, by the same names. One with an `id` in its meta is only a reference here, and stands in `components`.
 *
 * @param io requests are described as they come in, answers as they go out
 */
export const jsonSchemasOf = (named: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output') => {
  const override: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
    // zod drops them where the value is converted to something else.
    const { examples, default: byDefault } = z.globalRegistry.get(zodSchema) ?? {}
    Object.assign(jsonSchema, examples && { examples }, byDefault !== undefined && { default: byDefault })
    // zod keeps the pattern of a text that is converted to something else, and says the limits of every integer.
    if (jsonSchema.format === 'date-time' || jsonSchema.type === 'integer') delete jsonSchema.pattern
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    if (io === 'input') return
    delete jsonSchema.readOnly
    delete jsonSchema.propertyNames
    // Later versions may add fields to an answer, so its readers must ignore unknown fields.
    if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  }
  const { properties = {}, $defs = {} } = z.toJSONSchema(z.object(named), { io, override, unrepresentable: 'any' })
  return { schemas: properties as Record<string, JsonSchema>, components: $defs as Record<string, JsonSchema> }
}
