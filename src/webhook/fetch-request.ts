import { type Body, createCollector } from './body.ts'

/** Reads the body of a `Request` of Fetch. */
export const readRequest = async (request: Request): Promise<Body> => {
  if (request.bodyUsed) return 'parsed'
  const collector = createCollector()
  const reader = request.body?.getReader()
  if (!reader) return collector.end()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return collector.end()
      if (collector.add(value)) continue
      await reader.cancel()
      return 'too_large'
    }
  } catch {
    return 'cut_off'
  }
}
