import { judgeUrl, type UrlPolicy, type UrlVerdict } from '../core/callback-url.ts'

const MAX_KNOWN = 2_000

/** Judging is pure and the policy does not change, so a URL that was found good stays so; the oldest are forgotten first. */
export const createUrlJudge = (policy: UrlPolicy): ((text: unknown) => UrlVerdict) => {
  const good = new Map<string, UrlVerdict>()
  return text => {
    if (typeof text !== 'string') return judgeUrl(text, policy)
    const known = good.get(text)
    if (known) return known
    const verdict = judgeUrl(text, policy)
    if (!verdict.ok) return verdict
    const [oldest] = good.size >= MAX_KNOWN ? good.keys() : []
    if (oldest !== undefined) good.delete(oldest)
    good.set(text, verdict)
    return verdict
  }
}
