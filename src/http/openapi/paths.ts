import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
import { type Call, isBodyOptional } from '../calls.ts'
import { type Components, header, REQUEST_ID } from './components.ts'
import { problemsOf } from './problems.ts'

const LOCATION = { location: header('The address of the new object.') }
/** Prefixes of the ids in partners’ collections. */
const PREFIXES: Readonly<Record<string, string>> = {
  registrations: 'reg',
  resend: 'resend',
  'signing-secrets': 'secret',
  keys: 'key',
}
const idOf = (path: string) => {
  const prefix = PREFIXES[/([\w-]+)\/:id/.exec(path)?.[1] ?? '']
  const description = prefix ? `Its id, \`${prefix}_…\`.` : 'Its id.'
  return { name: 'id', in: 'path', required: true, description, schema: { type: 'string' } }
}

interface ObjectSchema {
  properties?: Record<string, Record<string, unknown>>
  required?: string[]
}

const queryParameters = ({ properties = {}, required = [] }: ObjectSchema) =>
  Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(schema.type === 'object' ? { style: 'deepObject', explode: true } : {}),
    required: required.includes(name),
    schema,
    ...(description === undefined ? {} : { description }),
  }))

const describeCall = (call: Call, { schemaOf, refusalOf }: Components) => {
  const { method, path, tag, isForOperators, operation } = call
  const { operationId, summary, description, query, body, answers, role } = operation
  const contentOf = (schema: z.ZodType, io: 'input' | 'output') => ({
    content: { 'application/json': { schema: schemaOf(schema, io) } },
  })
  return {
    operationId,
    tags: [tag],
    summary,
    description: [description, role && `Needs the role \`${role}\`.`].filter(Boolean).join(' '),
    security: [isForOperators ? { adminToken: [] } : { partnerKey: [] }],
    parameters: [
      ...(path.includes('/:id') ? [idOf(path)] : []),
      ...(query ? queryParameters(schemaOf(query, 'input')) : []),
      { $ref: '#/components/parameters/AcceptLanguage' },
    ],
    ...(body ? { requestBody: { required: !isBodyOptional(method, body), ...contentOf(body, 'input') } } : {}),
    responses: Object.fromEntries<object>([
      ...Object.entries(answers).map(([status, schema]): [string, object] => [
        status,
        {
          description: `${STATUS_CODES[status]}.`,
          headers: { ...REQUEST_ID, ...(status === '201' ? LOCATION : {}) },
          ...(schema ? contentOf(schema, 'output') : {}),
        },
      ]),
      ...[...problemsOf(call)].map(([status, codes]): [string, object] => [String(status), refusalOf(codes)]),
    ]),
  }
}

/** Describes every call, by its path and its method. */
export const createPaths = (calls: readonly Call[], components: Components) => {
  const paths: Record<string, Record<string, ReturnType<typeof describeCall>>> = {}
  for (const call of calls) {
    const template = call.path.replace(/:(\w+)/g, '{$1}')
    paths[template] = { ...paths[template], [call.method.toLowerCase()]: describeCall(call, components) }
  }
  return paths
}
