import type { Language } from '../../core/language.ts'
import { callsOf } from '../calls.ts'
import { inChinese } from './chinese.ts'
import { createComponents } from './components.ts'
import { OPERATOR_OPERATIONS, PAGES, PARTNER_OPERATIONS } from './operations.ts'
import { createPaths } from './paths.ts'
import { problemsOf } from './problems.ts'
import { createWebhooks } from './webhooks.ts'

const PARTNER_CALLS = callsOf(PARTNER_OPERATIONS)
const OPERATOR_CALLS = callsOf(OPERATOR_OPERATIONS)

const COMMON = `Bodies are JSON in camelCase, null in an optional field means that it is absent, times are ISO 8601 in UTC, and a serial is a string everywhere. Errors are
problems as in RFC 9457; \`/docs/problems\` says what each means. Whatever is called, their texts are Chinese where \`accept-language\` asks for it,
and English otherwise. Every answer has an \`x-request-id\`. Later versions may add fields to answers: ignore unknown fields.`

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description })

const FOR_PARTNERS = {
  title: 'idface-notifier',
  summary: 'Verdicts of idface verifications as signed webhooks',
  description: `Register the serial of an idface verification once. The service asks the upstream until there is a verdict, then sends
a signed webhook ([Standard Webhooks](https://www.standardwebhooks.com)) until your callback accepts it.

${COMMON}`,
  /** Path from the document to the root of the service. Relative, so that it works below any prefix. */
  root: '.',
  tags: {
    Registrations: 'Serials and their verdicts.',
    Delivery: 'Webhooks: their attempts, resending them, and fetching them instead.',
    Account: 'Your own limits and signing secrets.',
    Webhooks: 'What is sent to your callback.',
  },
  calls: PARTNER_CALLS,
  securitySchemes: {
    partnerKey: bearer('Send `Authorization: Bearer` and the API key of a partner, which begins with `ifn_`.'),
  },
}
const FOR_OPERATORS = {
  title: 'idface-notifier for operators',
  summary: 'Partners, accounts, and what is wrong now',
  description: `For those who run the service; what partners call is in its \`/openapi.json\`.

${COMMON}`,
  root: '../..',
  tags: {
    Admin:
      'For operators, with `ADMIN_TOKEN` or a token made by `admin-token create`. Each call needs a role: `read`, `operate`, which includes it, or `admin`, which includes both. Without `ADMIN_TOKEN`, all calls answer 404 to callers without such a token.',
  },
  calls: OPERATOR_CALLS,
  securitySchemes: { adminToken: bearer('`ADMIN_TOKEN`, or a token made by `admin-token create`.') },
}

const ACCEPT_LANGUAGE = {
  name: 'accept-language',
  in: 'header',
  required: false,
  description: 'The language of texts for people, including those of problems: en or zh.',
  schema: { type: 'string', examples: ['zh-CN'] },
}

/** Returns every call as the router has it, with its possible statuses, the one of success first. */
export const documentedStatuses = () => [
  ...[...PARTNER_CALLS, ...OPERATOR_CALLS].map(call => ({
    method: call.method,
    route: call.path,
    codes: [...Object.keys(call.operation.answers), ...[...problemsOf(call).keys()].map(String)],
  })),
  ...Object.entries(PAGES).map(([route, statuses]) => ({
    method: 'GET',
    route: route.replace('GET ', ''),
    codes: statuses.map(String),
  })),
]

/**
 * OpenAPI 3.1. The schemas that check bodies and parameters also describe them.
 *
 * @param language of the problems; the other texts are English
 */
const createDocument = (contents: typeof FOR_PARTNERS | typeof FOR_OPERATORS, version: string, language: Language) => {
  const { title, summary, description, root, tags, calls, securitySchemes } = contents
  const components = createComponents(language)
  return {
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
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths: createPaths(calls, components),
    ...('Webhooks' in tags ? { webhooks: createWebhooks(components) } : {}),
    components: {
      securitySchemes,
      parameters: { AcceptLanguage: ACCEPT_LANGUAGE },
      schemas: components.schemas,
      responses: components.responses,
    },
  }
}

/** Document of the partner API: `/openapi.json`. */
export const createPartnerDocument = (version: string, language: Language) => {
  const document = createDocument(FOR_PARTNERS, version, language)
  return language === 'zh' ? inChinese(document) : document
}

/** Document of the admin API: `/v1/admin/openapi.json`. */
export const createOperatorDocument = (version: string) => createDocument(FOR_OPERATORS, version, 'en')
