import type { ErrorCode } from '../../core/error.ts'
import { PROBLEMS } from '../json/problem.ts'
import { HEADERS, type Operation } from './operation.ts'

type Code = ErrorCode | 'internal'

const BODY_PROBLEMS: readonly Code[] = ['invalid_json', 'payload_too_large', 'unsupported_media_type', 'invalid_body']
const ACCESS_PROBLEMS: Readonly<Record<Operation['access'], readonly Code[]>> = {
  partner: ['invalid_query', 'unauthorized', 'too_many_requests', 'internal', 'unavailable'],
  // All of these calls are 404 while there is no admin token.
  admin: ['invalid_query', 'unauthorized', 'forbidden', 'not_found', 'too_many_requests', 'internal', 'unavailable'],
  metrics: ['unauthorized', 'too_many_requests'],
  open: [],
}
const HEADERS_OF: Partial<Record<Code, keyof typeof HEADERS>> = {
  unauthorized: 'www-authenticate',
  too_many_requests: 'retry-after',
  unavailable: 'retry-after',
}

/** The problems that a call can have, by status. */
const problemsOf = ({ access, body, problems = [] }: Operation): Map<number, Code[]> => {
  const codes = new Set([...ACCESS_PROBLEMS[access], ...(body ? BODY_PROBLEMS : []), ...problems])
  return Map.groupBy(codes, code => PROBLEMS[code].status)
}

export const problemStatuses = (operation: Operation): number[] => [...problemsOf(operation).keys()]

const nameOf = (codes: readonly Code[]): string => codes.join('_or_')

const problemResponse = (codes: readonly Code[]) => {
  const headers = ['content-language' as const, ...codes.flatMap(code => HEADERS_OF[code] ?? [])]
  return {
    description: codes.map(code => `\`${code}\`: ${PROBLEMS[code].title.en}.`).join(' '),
    headers: Object.fromEntries(headers.map(name => [name, HEADERS[name]])),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

export const problemReferences = (operation: Operation) =>
  Object.fromEntries(
    [...problemsOf(operation)].map(([status, codes]) => [status, { $ref: `#/components/responses/${nameOf(codes)}` }]),
  )

export const problemResponses = (operations: readonly Operation[]) =>
  Object.fromEntries(
    operations
      .flatMap(operation => [...problemsOf(operation).values()])
      .map(codes => [nameOf(codes), problemResponse(codes)]),
  )
