import type { z } from 'zod'
import { ADMIN_ROUTES } from '../admin/routes.ts'
import { PROBLEM } from '../json/problem.ts'
import { type JsonSchema, jsonSchemasOf } from './json-schemas.ts'
import type { Call } from './operation.ts'
import { answerOf, refusalsOf } from './responses.ts'

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
  const { operationId, summary, description, body, answers } = operation
  const role = ADMIN_ROUTES[route]?.role
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
