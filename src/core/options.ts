/** Returns the fault of a value, to follow its name ("must be …"), or null if the value is valid. */
export type Rule = (value: unknown) => string | null

/** For JavaScript callers and unset settings. Throws a `TypeError` that names the first invalid option. */
export const checkOptions = (of: string, options: unknown, rules: Readonly<Record<string, Rule>>): void => {
  const names = Object.keys(rules)
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${of} takes an object with the options ${names.join(', ')}`)
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !Object.hasOwn(rules, name))
      throw new TypeError(`${of} has no option ${name}: it takes ${names.join(', ')}`)
  for (const [name, rule] of Object.entries(rules)) {
    const wrong = rule((options as Record<string, unknown>)[name])
    if (wrong !== null) throw new TypeError(`${of}: ${name} ${wrong}`)
  }
}

export const optional =
  (rule: Rule): Rule =>
  value =>
    value === undefined ? null : rule(value)

export const isFunction: Rule = value =>
  typeof value === 'function' ? null : `must be a function, and is ${kindOfValue(value)}`

/** A number from `from` to `to`. */
export const isNumber =
  (from: number, to: number, { whole = false } = {}): Rule =>
  value =>
    typeof value === 'number' && value >= from && value <= to && (!whole || Number.isInteger(value))
      ? null
      : `must be a ${whole ? 'whole ' : ''}number from ${from} to ${to}, and is ${typeof value === 'number' ? value : kindOfValue(value)}`

export const isOneOf =
  (...allowed: readonly string[]): Rule =>
  value =>
    typeof value === 'string' && allowed.includes(value)
      ? null
      : `must be ${allowed.join(' or ')}, and is ${typeof value === 'string' && value !== '' ? 'another text' : kindOfValue(value)}`

/** Describes the kind of a value, not the value: it may be a secret. */
export const kindOfValue = (value: unknown): string => {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'empty'
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`
}
