/** Size limits: of the JSON stored about one act's changes, in bytes, and of one text in it, in UTF-16 units. */
export const MAX_BYTES = 1_024
export const MAX_TEXT = 128

type Fact = string | number | boolean | null
/** Known facts of an object. Never a secret or a whole URL: a partner may have put a secret into that. */
export type ChangeFacts = { readonly [field: string]: Fact | ChangeFacts | undefined }
/** A change of an object. */
export interface Edit {
  /** Omitted if the object does not exist yet, or is not known. */
  before?: ChangeFacts
  /** The fields that are set; others stay. Omitted if the object is removed. */
  after?: ChangeFacts
}

const flat = (facts: ChangeFacts, path = ''): [string, Fact][] =>
  Object.entries(facts).flatMap(([name, value]) => {
    if (value === undefined) return []
    return value !== null && typeof value === 'object' ? flat(value, `${path}${name}.`) : [[path + name, value]]
  })

const cut = (fact: Fact = null): Fact =>
  typeof fact === 'string' && fact.length > MAX_TEXT ? `${fact.slice(0, MAX_TEXT - 1).toWellFormed()}…` : fact

/**
 * Returns the changes of an object as JSON: per field, such as `quotas.daily`, its value before and after. Leaves out
 * fields that would make it too long. Returns null if nothing changes.
 */
export const changesOf = ({ before, after }: Edit): string | null => {
  const old = new Map(flat(before ?? {}))
  let json = '{}'
  for (const [field, value] of flat(after ?? before ?? {})) {
    const [from, to] = [old.get(field) ?? null, after ? value : null]
    if (from === to) continue
    const change = { ...(before && { before: cut(from) }), ...(after && { after: cut(to) }) }
    const longer = JSON.stringify({ ...JSON.parse(json), [field]: change })
    if (Buffer.byteLength(longer) <= MAX_BYTES) json = longer
  }
  return json === '{}' ? null : json
}
