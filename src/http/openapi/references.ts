interface Referring {
  components: {
    securitySchemes: Readonly<Record<string, unknown>>
    schemas: Readonly<Record<string, unknown>>
    parameters: Readonly<Record<string, unknown>>
    responses: Readonly<Record<string, unknown>>
  }
  paths: unknown
  webhooks?: unknown
}

/** The names of the components that a part of a document names: keys by `security`, all others by `$ref`. */
const namesIn = (part: unknown): string[] => {
  const text = JSON.stringify(part)
  const references = [...text.matchAll(/"\$ref":"#\/components\/((?:schemas|parameters|responses)\/\w+)"/g)]
  const keys = [...text.matchAll(/"security":\[\{"(\w+)":/g)]
  return [...references.map(([, name = '']) => name), ...keys.map(([, name = '']) => `securitySchemes/${name}`)]
}

/** The document with no other components than those that it needs. */
export const onlyUsed = <Document extends Referring>(document: Document): Document => {
  const parts = new Map(
    Object.entries(document.components).flatMap(([kind, named]) =>
      Object.entries(named).map(([name, part]): [string, unknown] => [`${kind}/${name}`, part]),
    ),
  )
  const used = new Set<string>()
  const waiting = namesIn([document.paths, document.webhooks])
  // Each component is looked into once.
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (used.has(name)) continue
    used.add(name)
    waiting.push(...namesIn(parts.get(name)))
  }
  const components = Object.fromEntries(
    Object.entries(document.components).map(([kind, named]) => [
      kind,
      Object.fromEntries(Object.entries(named).filter(([name]) => used.has(`${kind}/${name}`))),
    ]),
  )
  return { ...document, components }
}
