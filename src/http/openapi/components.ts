import { z } from 'zod'
import { ADMIN_ANSWERS } from './admin-answers.ts'
import { PARTNER_ANSWERS } from './answers.ts'
import { EXAMPLES } from './examples.ts'
import type { Requests } from './requests.ts'
import { WEBHOOKS } from './webhooks.ts'

type JsonSchema = Record<string, unknown>

const REQUEST_OF_ITEM: JsonSchema = { $ref: '#/components/schemas/RegistrationRequest' }

/** What zod writes, as a person would have. */
const tidy: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
  const { examples, pattern, default: unlessTold } = z.globalRegistry.get(zodSchema) ?? {}
  if (Array.isArray(examples)) jsonSchema.examples = examples
  if (unlessTold !== undefined) jsonSchema.default = unlessTold as typeof jsonSchema.default & {}
  // A checked text that stands for something else has the pattern of its text.
  if (jsonSchema.format === 'date-time' || jsonSchema.type === 'integer') delete jsonSchema.pattern
  if (pattern) jsonSchema.pattern = String(pattern)
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

/** An answer may get more fields; whoever reads it has to ignore what it does not know. */
const tidyAnswer: typeof tidy = context => {
  tidy(context)
  delete context.jsonSchema.readOnly
  delete context.jsonSchema.propertyNames
  if (context.jsonSchema.additionalProperties === false) delete context.jsonSchema.additionalProperties
}

type Tidy = NonNullable<typeof tidy>

const schemasOf = (named: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output', override: Tidy) => {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  const uri = (id: string) => `#/components/schemas/${id}`
  const { schemas } = z.toJSONSchema(registry, { io, uri, override, unrepresentable: 'any' })
  return Object.entries(schemas).map(([name, { $id, $schema, ...schema }]): [string, JsonSchema] => {
    const example = (EXAMPLES as Record<string, unknown>)[name]
    return [name, example === undefined ? schema : { ...schema, examples: [example] }]
  })
}

/** Every schema that has a name: of the bodies from the very schemas that check them. */
export const componentSchemas = (requests: Requests): Record<string, JsonSchema> => {
  const schemas = Object.fromEntries([
    ...schemasOf(requests, 'input', tidy as Tidy),
    ...schemasOf({ ...PARTNER_ANSWERS, ...ADMIN_ANSWERS, ...WEBHOOKS }, 'output', tidyAnswer as Tidy),
  ])
  // Each item of a batch is checked by itself, so that a bad one harms no other.
  const batch = schemas.BatchRequest as { properties: { registrations: JsonSchema } }
  batch.properties.registrations.items = REQUEST_OF_ITEM
  return schemas
}

/** The query parameters of a call, from the very schema that checks them. */
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
