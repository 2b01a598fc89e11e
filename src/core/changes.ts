/** The most JSON that is kept of the changes of one act, in bytes, and the most of one text, in UTF-16 units. */
export const MOST_BYTES = 1_024
export const LONGEST_TEXT = 128

type Fact = string | number | boolean | null
/** What is known of an object. It must hold no secret, and no whole URL: a partner may have put a secret into that. */
export type Facts = { readonly [field: string]: Fact | Facts | undefined }
/** What is done to an object. */
export interface Edit {
  /** Left out: there is nothing yet, or it is not known. */
  before?: Facts
  /** The fields that are set; others stay. Left out: the object goes. */
  after?: Facts
}

const flat = (facts: Facts, path = ''): [string, Fact][] =>
  Object.entries(facts).flatMap(([name, value]) => {
    if (value === undefined) return []
    return value !== null && typeof value === 'object' ? flat(value, `${path}${name}.`) : [[path + name, value]]
  })

const cut = (fact: Fact = null): Fact =>
  typeof fact === 'string' && fact.length > LONGEST_TEXT ? `${fact.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : fact

/**
 * What changes of an object, as JSON: of each field, such as `quotas.daily`, what it was and will be. What would make it too long is
 * left out. Null: nothing changes.
 */
export const changesOf = ({ before, after }: Edit): string | null => {
  const old = new Map(flat(before ?? {}))
  let json = '{}'
  for (const [field, value] of flat(after ?? before ?? {})) {
    const [from, to] = [old.get(field) ?? null, after ? value : null]
    if (from === to) continue
    const change = { ...(before && { before: cut(from) }), ...(after && { after: cut(to) }) }
    const longer = JSON.stringify({ ...JSON.parse(json), [field]: change })
    if (Buffer.byteLength(longer) <= MOST_BYTES) json = longer
  }
  return json === '{}' ? null : json
}
