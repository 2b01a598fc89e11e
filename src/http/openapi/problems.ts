import type { Call } from '../calls.ts'
import { PROBLEMS } from '../json/problem.ts'

export type ProblemCode = keyof typeof PROBLEMS

const OF_BODY: readonly ProblemCode[] = ['invalid_json', 'payload_too_large', 'unsupported_media_type', 'invalid_body']
const OF_ALL: readonly ProblemCode[] = ['invalid_query', 'unauthorized', 'too_many_requests', 'internal', 'unavailable']
/** Without `ADMIN_TOKEN` every operator call is 404 to callers that send no token of the database. */
const OF_OPERATORS: readonly ProblemCode[] = ['forbidden', 'not_found']

/** Returns the problems that a call can have, by status. */
export const problemsOf = ({ path, isForOperators, operation }: Call): Map<number, ProblemCode[]> => {
  const codes = new Set<ProblemCode>([
    ...OF_ALL,
    ...(isForOperators ? OF_OPERATORS : []),
    ...(operation.body ? OF_BODY : []),
    ...(path.includes('/:id') ? (['not_found'] as const) : []),
    ...(operation.problems ?? []),
  ])
  return Map.groupBy(codes, code => PROBLEMS[code].status)
}
