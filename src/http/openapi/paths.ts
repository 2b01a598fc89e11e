import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
import type { Language } from '../../core/language.ts'
import { PROBLEM, PROBLEMS } from '../json/problem.ts'
import { type JsonSchema, jsonSchemasOf } from './json-schemas.ts'
import { type Call, type ProblemCode, problemsOf } from './operation.ts'

const header = (description: string, schema: JsonSchema = { type: 'string' }) => ({ description, schema })
const REQUEST_ID = { 'x-request-id': header('Names this call in the log of the service.') }
const LOCATION = { location: header('The address of the new object.') }
const CONTENT_LANGUAGE = {
  'content-language': header('The language of its texts.', { type: 'string', enum: ['en', 'zh'] }),
}
const RETRY_AFTER = { 'retry-after': header('Seconds to wait.', { type: 'integer', minimum: 0 }) }
const HEADERS_OF: Partial<Record<ProblemCode, object>> = {
  unauthorized: { 'www-authenticate': header('How to authenticate.') },
  too_many_requests: RETRY_AFTER,
  unavailable: RETRY_AFTER,
}

/** What a call answers if all is well. */
const answerOf = (status: number, schema: JsonSchema | undefined) => ({
  description: `${STATUS_CODES[status]}.`,
  headers: { ...REQUEST_ID, ...(status === 201 ? LOCATION : {}) },
  ...(schema ? { content: { 'application/json': { schema } } } : {}),
})

const responseName = (codes: readonly ProblemCode[]): string => codes.join('_or_')

/** What a call answers otherwise, by status. */
const refusalsOf = (call: Call) =>
  Object.fromEntries(
    [...problemsOf(call)].map(([status, codes]) => [status, { $ref: `#/components/responses/${responseName(codes)}` }]),
  )

const ID = { name: 'id', in: 'path', required: true, description: 'Its id.', schema: { type: 'string' } }

/** All schemas of the calls and `others`, by the names that `createPaths` looks for, and the components that they refer to. */
export const schemasOf = (calls: readonly Call[], others: Readonly<Record<string, z.ZodType>>) => {
  const requests: Record<string, z.ZodType> = {}
  const answers: Record<string, z.ZodType> = { ...others, problem: PROBLEM }
  for (const { route, operation } of calls) {
    if (operation.query) requests[`${route} query`] = operation.query
    if (operation.body) requests[`${route} body`] = operation.body
    for (const [status, answer] of Object.entries(operation.answers)) if (answer) answers[`${route} ${status}`] = answer
  }
  const [taken, given] = [jsonSchemasOf(requests, 'input'), jsonSchemasOf(answers, 'output')]
  return {
    schemas: { ...taken.schemas, ...given.schemas },
    components: { ...taken.components, ...given.components },
  }
}

interface ObjectSchema {
  properties?: Record<string, JsonSchema>
  required?: string[]
}

const queryParameters = ({ properties = {}, required = [] }: ObjectSchema) =>
  Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema },
    ...(description === undefined ? {} : { description }),
  }))

const describeCall = (call: Call, schemas: Readonly<Record<string, JsonSchema>>) => {
  const { route, method, path, tag, isForOperators, operation } = call
  const { operationId, summary, description, body, answers, role } = operation
  const isOptional = method === 'POST' && body?.safeParse({}).success
  const content = { 'application/json': { schema: schemas[`${route} body`] } }
  return {
    operationId,
    tags: [tag],
    summary,
    description: [description, role && `Needs the role \`${role}\`.`].filter(Boolean).join(' '),
    security: [isForOperators ? { adminToken: [] } : { partnerKey: [] }],
    parameters: [
      ...(path.includes('/:id') ? [ID] : []),
      ...queryParameters(schemas[`${route} query`] ?? {}),
      { $ref: '#/components/parameters/AcceptLanguage' },
    ],
    ...(body ? { requestBody: { required: !isOptional, content } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.keys(answers).map(status => [status, answerOf(Number(status), schemas[`${route} ${status}`])]),
      ),
      ...refusalsOf(call),
    },
  }
}

/** Every call by its path and its method. */
export const createPaths = (calls: readonly Call[], schemas: Readonly<Record<string, JsonSchema>>) => {
  const paths: Record<string, Record<string, ReturnType<typeof describeCall>>> = {}
  for (const call of calls) {
    const template = call.path.replace(/:(\w+)/g, '{$1}')
    paths[template] = { ...paths[template], [call.method.toLowerCase()]: describeCall(call, schemas) }
  }
  return paths
}

const listed = (codes: readonly ProblemCode[], language: Language): string =>
  language === 'zh'
    ? codes.map(code => `\`${code}\`：${PROBLEMS[code].title.zh}。`).join('')
    : codes.map(code => `\`${code}\`: ${PROBLEMS[code].title.en}.`).join(' ')

/** The answers that `refusalsOf` names. */
export const problemResponses = (calls: readonly Call[], schema: JsonSchema, language: Language) =>
  Object.fromEntries(
    calls.flatMap(call =>
      [...problemsOf(call).values()].map(codes => [
        responseName(codes),
        {
          description: listed(codes, language),
          headers: Object.assign({ ...REQUEST_ID, ...CONTENT_LANGUAGE }, ...codes.map(code => HEADERS_OF[code])),
          content: { 'application/problem+json': { schema } },
        },
      ]),
    ),
  )
