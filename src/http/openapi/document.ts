import { ADMIN_ROUTES } from '../admin/routes.ts'
import type { RegistrationBodySchema } from '../partner/registration-body.ts'
import { ADMIN_OPERATIONS } from './admin-operations.ts'
import { componentSchemas, queryParameters } from './components.ts'
import { HEADERS, type Operation, type Operations } from './operation.ts'
import { PARTNER_OPERATIONS } from './partner-operations.ts'
import { problemReferences, problemResponses, problemStatuses } from './problems.ts'
import { requestsOf } from './schemas.ts'
import { SERVICE_OPERATIONS } from './service-operations.ts'
import { webhookSection } from './webhooks.ts'

export interface DocumentDeps {
  version: string
  registrationBody: RegistrationBodySchema
  now: () => number
}

const OPERATIONS: Operations = { ...PARTNER_OPERATIONS, ...ADMIN_OPERATIONS, ...SERVICE_OPERATIONS }

const DESCRIPTION = `Register the serial of an idface verification once. The service asks the upstream until there is a verdict, then sends
a signed webhook ([Standard Webhooks](https://www.standardwebhooks.com)) until your callback accepts it.

Bodies are JSON in camelCase, times are ISO 8601 in UTC, and a serial is a string everywhere. Errors are
problems as in RFC 9457; \`/docs/problems\` says what each means. Whatever is called, their texts are Chinese where \`accept-language\` asks for it,
and English otherwise. Every answer has an \`x-request-id\`. Later versions may add fields to answers: ignore unknown fields.`

const TAGS = {
  Registrations: 'Serials and their verdicts.',
  Delivery: 'Webhooks: their attempts, sending them again, and fetching them instead.',
  Account: 'Your own limits and signing secrets.',
  Webhooks: 'What is sent to your callback.',
  Admin:
    'For operators, with `ADMIN_TOKEN` or a token made by `admin-token create`. Each call needs a role: `read`, `operate`, which includes it, or `admin`, which includes both. Without `ADMIN_TOKEN` all of it is 404 to whoever has no such token.',
  Service: 'For probes and for readers of the documentation; no key is needed.',
}

const SECURITY = {
  partner: [{ partnerKey: [] }],
  admin: [{ adminToken: [] }],
  metrics: [{ metricsToken: [] }],
  open: [],
}

const PARAMETER_OF = {
  '/v1/registrations/': ['The id of the registration.', 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH'],
  '/v1/resend/': ['The id of the resend.', 'resend_01KAW2X5G0T1V2W3X4Y5Z6A7B8'],
  '/v1/admin/partners/': ['The id of the partner.', 'partner_01KAW2X5G0A1B2C3D4E5F6G7H8'],
  '/v1/admin/keys/': ['The id of the key.', 'key_01KAW2X5G0L1M2N3P4Q5R6S7T8'],
  '/v1/admin/bulk/': ['The id of the bulk act.', 'bulk_01KAW2X5G0T1V2W3X4Y5Z6A7B8'],
  '/v1/admin/registrations/': ['The id of the registration.', 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH'],
  '/v1/admin/accounts/': ['The id of the account, or its APIID.', 'C12345678'],
  '/docs/assets/': ['The name of the file.', 'swagger-ui.css'],
  '/docs/examples/': ['The name of the file.', 'receiver.mjs'],
  '/docs/': ['The name of the page.', 'webhooks'],
} as const

const pathParameters = (path: string) =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => {
    const [, [description, example]] = Object.entries(PARAMETER_OF).find(([prefix]) => path.startsWith(prefix)) ?? [
      '',
      ['', ''],
    ]
    return { name, in: 'path', required: true, description, schema: { type: 'string', examples: [example] } }
  })

const LANGUAGE = {
  name: 'accept-language',
  in: 'header',
  required: false,
  description: 'The language of texts for people, those of problems too: en or zh.',
  schema: { type: 'string', examples: ['zh-CN'] },
}

const contentOf = ({ schema, mediaType }: Operation['answers'][number]) => {
  if (schema) return { content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } } }
  return mediaType
    ? { content: { [mediaType]: { schema: { type: mediaType === 'application/json' ? 'object' : 'string' } } } }
    : {}
}

const answerOf = (answer: Operation['answers'][number]) => ({
  description: answer.description,
  ...(answer.headers ? { headers: Object.fromEntries(answer.headers.map(name => [name, HEADERS[name]])) } : {}),
  ...contentOf(answer),
})

const operationOf = (method: string, path: string, operation: Operation) => {
  const { operationId, tag, summary, query, body, acceptsLanguage, access, answers } = operation
  const parameters = [
    ...pathParameters(path),
    ...(query ? queryParameters(query) : []),
    ...(acceptsLanguage ? [{ $ref: '#/components/parameters/AcceptLanguage' }] : []),
  ]
  const role = ADMIN_ROUTES[`${method} ${path}`]?.role
  const description = [operation.description, role && `Needs the role \`${role}\`.`].filter(Boolean).join(' ')
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } }
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === '' ? {} : { description }),
    security: SECURITY[access],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: !operation.bodyIsOptional, content } } : {}),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
      ...problemReferences(operation),
    },
  }
}

const pathsOf = (operations: Operations) => {
  const paths: Record<string, Record<string, ReturnType<typeof operationOf>>> = {}
  for (const [route, operation] of Object.entries(operations)) {
    const [method = '', path = ''] = route.split(' ')
    const template = path.replace(/:(\w+)/g, '{$1}')
    paths[template] = { ...paths[template], [method.toLowerCase()]: operationOf(method, path, operation) }
  }
  return paths
}

/** Every call as the router has it, with the statuses that it may answer; the first is the one if all is well. */
export const documentedStatuses = () =>
  Object.entries(OPERATIONS).map(([call, operation]) => {
    const [method = '', route = ''] = call.split(' ')
    return { method, route, codes: [...Object.keys(operation.answers), ...problemStatuses(operation).map(String)] }
  })

/** The OpenAPI 3.1 document. Bodies and parameters are described by the schemas that check them. */
export const createDocument = ({ version, registrationBody, now }: DocumentDeps) => ({
  openapi: '3.1.0',
  info: {
    title: 'idface-notifier',
    version,
    summary: 'Verdicts of idface verifications as signed webhooks',
    description: DESCRIPTION,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/', description: 'The address of this document.' }],
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  paths: pathsOf(OPERATIONS),
  webhooks: webhookSection,
  components: {
    securitySchemes: {
      partnerKey: { type: 'http', scheme: 'bearer', description: 'The API key of a partner.' },
      adminToken: {
        type: 'http',
        scheme: 'bearer',
        description: '`ADMIN_TOKEN`, or a token made by `admin-token create`.',
      },
      metricsToken: {
        type: 'http',
        scheme: 'bearer',
        description: '`METRICS_TOKEN`; where it is not set, nothing is asked for.',
      },
    },
    parameters: { AcceptLanguage: LANGUAGE },
    schemas: componentSchemas(requestsOf(registrationBody, now)),
    responses: problemResponses(Object.values(OPERATIONS)),
  },
})
