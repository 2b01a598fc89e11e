import type { Operation, Operations } from '../calls.ts'
import { PROBLEMS } from '../json/problem.ts'

/** An operation with where it is called. `route` is its name in `Operations`. */
export interface Call {
  route: string
  method: string
  path: string
  tag: string
  isForOperators: boolean
  operation: Operation
}

/** The calls of several tags. */
export const callsOf = (byTag: Readonly<Record<string, Operations>>): Call[] =>
  Object.entries(byTag).flatMap(([tag, operations]) =>
    Object.entries(operations).map(([route, operation]) => {
      const [method = '', path = ''] = route.split(' ')
      return { route, method, path, tag, isForOperators: path.startsWith('/v1/admin/'), operation }
    }),
  )

export type ProblemCode = keyof typeof PROBLEMS

const OF_BODY: readonly ProblemCode[] = ['invalid_json', 'payload_too_large', 'unsupported_media_type', 'invalid_body']
const OF_ALL: readonly ProblemCode[] = ['invalid_query', 'unauthorized', 'too_many_requests', 'internal', 'unavailable']
/** Every call of operators is 404 while there is no token for them. */
const OF_OPERATORS: readonly ProblemCode[] = ['forbidden', 'not_found']

/** The problems that a call can have, by status. */
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
