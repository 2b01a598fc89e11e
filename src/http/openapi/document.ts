import type { Language } from '../../core/language.ts'
import { ADMIN_ROUTES } from '../admin/routes.ts'
import type { RegistrationBodySchema } from '../partner/registration-body.ts'
import { ADMIN_OPERATIONS } from './admin-operations.ts'
import { inChinese } from './chinese/document.ts'
import { componentSchemas, queryParameters } from './components.ts'
import { type Call, callsOf, HEADERS, methodAndPath, type Operation } from './operation.ts'
import { PARTNER_OPERATIONS } from './partner-operations.ts'
import { pathParameters } from './path-parameters.ts'
import { commonResponses, problemResponses, problemStatuses } from './problems.ts'
import { onlyUsed } from './references.ts'
import { type Requests, requestsOf } from './schemas.ts'
import { PAGES, SERVICE_OPERATIONS } from './service-operations.ts'
import { webhookSection } from './webhooks.ts'

export interface DocumentDeps {
  version: string
  registrationBody: RegistrationBodySchema
  now: () => number
}

const PARTNER_CALLS = callsOf(PARTNER_OPERATIONS)
const OPERATOR_CALLS = callsOf({ ...ADMIN_OPERATIONS, ...SERVICE_OPERATIONS })

const COMMON = `Bodies are JSON in camelCase, null in an optional field means that it is absent, times are ISO 8601 in UTC, and a serial is a string everywhere. Errors are
problems as in RFC 9457; \`/docs/problems\` says what each means. Whatever is called, their texts are Chinese where \`accept-language\` asks for it,
and English otherwise. Every answer has an \`x-request-id\`. Later versions may add fields to answers: ignore unknown fields.`

const PARTNER_DESCRIPTION = `Register the serial of an idface verification once. The service asks the upstream until there is a verdict, then sends
a signed webhook ([Standard Webhooks](https://www.standardwebhooks.com)) until your callback accepts it.

${COMMON}`

const OPERATOR_DESCRIPTION = `For those who run the service; what partners call is in its \`/openapi.json\`.

${COMMON}`

const TAGS: Readonly<Record<Operation['tag'] | 'Webhooks', string>> = {
  Registrations: 'Serials and their verdicts.',
  Delivery: 'Webhooks: their attempts, sending them again, and fetching them instead.',
  Account: 'Your own limits and signing secrets.',
  Webhooks: 'What is sent to your callback.',
  Admin:
    'For operators, with `ADMIN_TOKEN` or a token made by `admin-token create`. Each call needs a role: `read`, `operate`, which includes it, or `admin`, which includes both. Without `ADMIN_TOKEN` all of it is 404 to whoever has no such token.',
  Service: 'For probes and monitoring.',
}

const SECURITY = {
  partner: [{ partnerKey: [] }],
  admin: [{ adminToken: [] }],
  metrics: [{ metricsToken: [] }],
  open: [],
}
const SECURITY_SCHEMES = {
  partnerKey: { type: 'http', scheme: 'bearer', description: 'The API key of a partner, which begins with `ifn_`.' },
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
}

const LANGUAGE = {
  name: 'accept-language',
  in: 'header',
  required: false,
  description: 'The language of texts for people, those of problems too: en or zh.',
  schema: { type: 'string', examples: ['zh-CN'] },
}

const contentOf = ({ schema, mediaType, example }: Operation['answers'][number]) => {
  const shown = example === undefined ? {} : { example }
  if (schema)
    return { content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, ...shown } } }
  return mediaType ? { content: { [mediaType]: { schema: { type: 'string' } } } } : {}
}

const answerOf = (answer: Operation['answers'][number]) => ({
  description: answer.description,
  headers: Object.fromEntries(['x-request-id' as const, ...(answer.headers ?? [])].map(name => [name, HEADERS[name]])),
  ...contentOf(answer),
})

const operationOf = (call: Call, requests: Requests, language: Language) => {
  const { operationId, tag, summary, query, body, access, answers } = call.operation
  const parameters = [
    ...pathParameters(call.path),
    ...(query ? queryParameters(query) : []),
    { $ref: '#/components/parameters/AcceptLanguage' },
  ]
  const role = ADMIN_ROUTES[call.route]?.role
  const description = [call.operation.description, role && `Needs the role \`${role}\`.`].filter(Boolean).join(' ')
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } }
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    security: SECURITY[access],
    parameters,
    ...(body ? { requestBody: { required: !call.operation.bodyIsOptional, content } } : {}),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
      ...problemResponses(call, requests, language),
    },
  }
}

const pathsOf = (calls: readonly Call[], requests: Requests, language: Language) => {
  const paths: Record<string, Record<string, ReturnType<typeof operationOf>>> = {}
  for (const call of calls) {
    const template = call.path.replace(/:(\w+)/g, '{$1}')
    paths[template] = { ...paths[template], [call.method.toLowerCase()]: operationOf(call, requests, language) }
  }
  return paths
}

/** Every call as the router has it, with the statuses that it may answer; the first is the one if all is well. */
export const documentedStatuses = () => [
  ...[...PARTNER_CALLS, ...OPERATOR_CALLS].map(call => ({
    method: call.method,
    route: call.path,
    codes: [...Object.keys(call.operation.answers), ...problemStatuses(call).map(String)],
  })),
  ...Object.entries(PAGES).map(([page, statuses]) => {
    const { method, path } = methodAndPath(page)
    return { method, route: path, codes: statuses.map(String) }
  }),
]

interface Contents {
  title: string
  summary: string
  description: string
  /** Of the problems and the examples; the other texts are English. */
  language: Language
  /** What leads from the document's address to the root of the service. Relative, so that it works below any prefix. */
  root: string
  calls: readonly Call[]
  webhooks?: typeof webhookSection
}

/** OpenAPI 3.1. Bodies and parameters are described by the schemas that check them. */
const createDocument = ({ version, registrationBody, now }: DocumentDeps, contents: Contents) => {
  const { title, summary, description, language, root, calls, webhooks } = contents
  const requests = requestsOf(registrationBody, now)
  const tags = new Set<string>([...calls.map(({ operation }) => operation.tag), ...(webhooks ? ['Webhooks'] : [])])
  return onlyUsed({
    openapi: '3.1.0',
    info: {
      title,
      version,
      summary,
      description,
      contact: { name: 'The operator of this service, from whom you have its address' },
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: root, description: 'The service that this document comes from.' }],
    tags: Object.entries(TAGS).flatMap(([name, about]) => (tags.has(name) ? [{ name, description: about }] : [])),
    paths: pathsOf(calls, requests, language),
    ...(webhooks ? { webhooks } : {}),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: { AcceptLanguage: LANGUAGE },
      schemas: componentSchemas(requests, language),
      responses: commonResponses(calls, language),
    },
  })
}

/** What partners call and are sent: `/openapi.json`. */
export const createPartnerDocument = (deps: DocumentDeps, language: Language = 'en') => {
  const document = createDocument(deps, {
    title: 'idface-notifier',
    summary: 'Verdicts of idface verifications as signed webhooks',
    description: PARTNER_DESCRIPTION,
    language,
    root: '.',
    calls: PARTNER_CALLS,
    webhooks: webhookSection,
  })
  return language === 'zh' ? inChinese(document) : document
}

/** What operators and their probes call: `/v1/admin/openapi.json`. */
export const createOperatorDocument = (deps: DocumentDeps) =>
  createDocument(deps, {
    title: 'idface-notifier for operators',
    summary: 'Partners, accounts, and what is wrong now',
    description: OPERATOR_DESCRIPTION,
    language: 'en',
    root: '../..',
    calls: OPERATOR_CALLS,
  })
