import fc from 'fast-check'
import type { Json } from './api.ts'

const LONGEST_LIST = 3

/** fast-check makes no texts for lookaheads; what they forbid is rare, and then it is a near miss. */
const matching = (pattern: string) => fc.stringMatching(new RegExp(pattern.replace(/\(\?!.*?\)/, '')))

/** A year of a `date-time` has four digits. */
const FOUR_DIGITS = { min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }

const textOf = ({ pattern, format, minLength = 0, maxLength = 40 }: Json): fc.Arbitrary<string> => {
  if (pattern) return matching(pattern)
  if (format === 'uri') return fc.webUrl({ validSchemes: ['https'] })
  if (format === 'date-time') return fc.date(FOUR_DIGITS).map(date => date.toISOString())
  if (format === 'time-or-duration')
    return fc.constantFrom('2h', '1m', '400d', '2026-11-24', '2026-10-31T08:00:00-03:30')
  if (format === 'time-zone') return fc.constantFrom('UTC', 'Asia/Shanghai', 'America/Havana')
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) })
}

const numberOf = ({ minimum, exclusiveMinimum, maximum = 1e12 }: Json) =>
  fc.double({ min: minimum ?? exclusiveMinimum ?? -1e12, max: maximum, noNaN: true })

/** Values that fit a JSON schema of the document, its own examples among them. */
export const fitting = (schema: Json, resolve: (ref: string) => Json): fc.Arbitrary<Json> => {
  if (schema.$ref) return fitting(resolve(schema.$ref), resolve)
  const made = make(schema, resolve)
  return schema.examples?.length ? fc.oneof(fc.constantFrom(...schema.examples), made) : made
}

const make = (schema: Json, resolve: (ref: string) => Json): fc.Arbitrary<Json> => {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one: Json) => fitting(one, resolve)))
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => make({ ...schema, type }, resolve)))
  const makers: Record<string, () => fc.Arbitrary<Json>> = {
    string: () => textOf(schema),
    integer: () => fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 2 ** 31 - 1 }),
    number: () => numberOf(schema),
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
    array: () =>
      fc.array(fitting(schema.items, resolve), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? LONGEST_LIST, LONGEST_LIST),
      }),
    object: () => objectOf(schema, resolve),
  }
  const maker = makers[schema.type]
  if (!maker) throw new Error(`no values for ${JSON.stringify(schema)}`)
  return maker()
}

const objectOf = (
  { properties = {}, required = [], additionalProperties, maxProperties = 4 }: Json,
  resolve: (ref: string) => Json,
) => {
  if (typeof additionalProperties === 'object')
    return fc.dictionary(fc.string({ maxLength: 20 }), fitting(additionalProperties, resolve), {
      maxKeys: maxProperties,
    })
  const fields = Object.entries(properties).map(([name, one]): [string, fc.Arbitrary<Json>] => [
    name,
    fitting(one, resolve),
  ])
  return fc.record(Object.fromEntries(fields), { requiredKeys: required })
}

const JUNK = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, '', '0', -1, 1e308, '\0', '\ud800', 'x'.repeat(3_000), [[]], { toString: 'x' }),
)

/** An object that fits, with one thing wrong: a field of another kind, one that is missing, or one too many. */
export const nearMiss = (fits: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.tuple(fits, fc.nat(), JUNK, fc.constantFrom('replace', 'drop', 'add', 'all')).map(([value, at, junk, how]) => {
    if (how === 'all' || typeof value !== 'object' || value === null) return junk
    const names = Object.keys(value)
    const name = names[at % Math.max(1, names.length)] ?? 'x'
    if (how === 'add') return { ...value, colour: junk }
    const { [name]: _, ...rest } = value
    return how === 'drop' ? rest : { ...rest, [name]: junk }
  })
