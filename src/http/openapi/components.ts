import { z } from 'zod'
import type { Language } from '../../core/language.ts'
import { examplesIn } from './examples.ts'
import { ANSWERS, type Requests } from './schemas.ts'
import { WEBHOOKS } from './webhooks.ts'

type JsonSchema = Record<string, unknown>

const REQUEST_OF_ITEM: JsonSchema = { $ref: '#/components/schemas/RegistrationRequest' }

/** Makes the schemas that zod generates more readable. */
const tidy: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
  const { examples, pattern, default: defaultValue } = z.globalRegistry.get(zodSchema) ?? {}
  if (Array.isArray(examples)) jsonSchema.examples = examples
  if (defaultValue !== undefined) jsonSchema.default = defaultValue as typeof jsonSchema.default & {}
  // zod keeps the pattern of a text that is converted to something else.
  if (jsonSchema.format === 'date-time' || jsonSchema.type === 'integer') delete jsonSchema.pattern
  if (pattern) jsonSchema.pattern = String(pattern)
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

/** Later versions may add fields to an answer, so its readers must ignore unknown fields. */
const tidyAnswer: typeof tidy = context => {
  tidy(context)
  delete context.jsonSchema.readOnly
  delete context.jsonSchema.propertyNames
  if (context.jsonSchema.additionalProperties === false) delete context.jsonSchema.additionalProperties
}

type Tidy = NonNullable<typeof tidy>

const schemasOf = (
  named: Readonly<Record<string, z.ZodType>>,
  io: 'input' | 'output',
  override: Tidy,
  examples: Record<string, unknown>,
) => {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  const uri = (id: string) => `#/components/schemas/${id}`
  const { schemas } = z.toJSONSchema(registry, { io, uri, override, unrepresentable: 'any' })
  return Object.entries(schemas).map(([name, { $id, $schema, ...schema }]): [string, JsonSchema] => {
    const example = examples[name]
    return [name, example === undefined ? schema : { ...schema, examples: [example] }]
  })
}

/** Every schema that has a name. */
export const componentSchemas = (requests: Requests, language: Language): Record<string, JsonSchema> => {
  const examples: Record<string, unknown> = examplesIn(language)
  const schemas = Object.fromEntries([
    ...schemasOf(requests, 'input', tidy as Tidy, examples),
    ...schemasOf({ ...ANSWERS, ...WEBHOOKS }, 'output', tidyAnswer as Tidy, examples),
  ])
  // The batch's own schema leaves its items open, because each of them is checked separately.
  const batch = schemas.BatchRequest as { properties: { registrations: JsonSchema } }
  batch.properties.registrations.items = REQUEST_OF_ITEM
  return schemas
}

/** The query parameters of a call, from the schema that checks them. */
export const queryParameters = (query: z.ZodObject) => {
  const { properties = {}, required = [] } = z.toJSONSchema(query, {
    io: 'input',
    override: tidy as Tidy,
    unrepresentable: 'any',
  })
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as JsonSchema
    return { name, in: 'query', required: required.includes(name), ...(description ? { description } : {}), schema }
  })
}
