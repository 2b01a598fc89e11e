import type { Language, Words } from '../src/core/language.ts'
import { createPartnerDocument } from '../src/http/openapi/document.ts'
import { VERSION } from '../src/version.ts'

interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  pattern?: string
  description?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  /** Of objects. */
  allOf?: Schema[]
  oneOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  required?: string[]
  examples?: unknown[]
  default?: unknown
  minimum?: number
  maximum?: number
  maxLength?: number
  maxItems?: number
}
type Content = Record<string, { schema: Schema }>
interface Answer {
  description: string
  content?: Content
}
interface Parameter {
  name: string
  required: boolean
  description?: string
  schema: Schema
}
interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, Answer>
}
type Paths = Record<string, Record<string, Operation>>
/** What the page shows of an OpenAPI document. A `$ref` may stand for a parameter, a response or a schema. */
interface ApiDocument {
  info: { description: string }
  tags: { name: string; description: string }[]
  paths: Paths
  webhooks: Paths
  components: { schemas: Record<string, Schema>; securitySchemes: { partnerKey: { description: string } } }
}

const WORDS = {
  en: {
    title: 'API reference',
    tools: 'For tools: ',
    imports: ', which Apifox and Postman import; enter your API key there as a bearer token.',
    optional: 'optional',
    objects: 'Objects',
    about: 'What answers are made of.',
    fields: '| field | type | meaning |',
    parameters: '| parameter | type | meaning |',
    answers: '| answer | meaning |',
    errors: 'Errors: ',
    everyCall: 'Errors of every call: ',
    everyBody: 'Of every call with a body: ',
    receive: ' How to verify them, and what to answer: [Webhooks](webhooks.md).',
    default: 'default',
    space: ' ',
  },
  zh: {
    title: '接口参考',
    tools: '供工具使用：',
    imports: '，可用该地址导入 Apifox 或 Postman，认证方式选 Bearer Token，填入 API 密钥。',
    optional: '可选',
    objects: '对象',
    about: '各接口的响应由以下对象组成。',
    fields: '| 字段 | 类型 | 说明 |',
    parameters: '| 参数 | 类型 | 说明 |',
    answers: '| 响应 | 说明 |',
    errors: '错误：',
    everyCall: '各接口共有的错误：',
    everyBody: '带请求体的接口另有：',
    receive: '如何验签和响应，见[接收回调](webhooks.zh-CN.md)。',
    default: '默认',
    space: '',
  },
}
type Terms = (typeof WORDS)[Language]
const PROBLEMS: Words = { en: 'problems.md', zh: 'problems.zh-CN.md' }
const TAGS: Readonly<Record<string, Words>> = {
  Registrations: { en: 'Registrations', zh: '登记' },
  Delivery: { en: 'Delivery: retries, resends, events', zh: '投递：重试、重发、拉取' },
  Account: { en: 'Account: limits and signing secrets', zh: '账户：限额与签名密钥' },
  Webhooks: { en: 'Webhooks', zh: '回调' },
}
const SERVICE = 'https://notifier.example'

const code = (value: unknown): string => `\`${value}\``
const block = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``
const row = (...cells: string[]): string =>
  `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
/** Nothing where there are no rows. */
const table = (head: string, rows: readonly string[]): string =>
  rows.length === 0 ? '' : [head, head.replaceAll(/[^|]+/g, ' --- ').trim(), ...rows].join('\n')
const nameOf = (ref: string): string => ref.split('/').at(-1) ?? ''

const limitsOf = (schema: Schema, terms: Terms): string => {
  const { format, pattern, minimum, maximum, maxLength, maxItems } = schema
  const most = maximum ?? maxLength ?? maxItems
  const limits = [
    format && code(format),
    pattern && code(pattern),
    minimum !== undefined && minimum !== 0 && `≥ ${minimum}`,
    most !== undefined && `≤ ${most}`,
    schema.default !== undefined && `${terms.default} ${code(schema.default)}`,
  ].filter(Boolean)
  return limits.length === 0 ? '' : ` ${limits.join(' ')}`
}

const typeOf = (schema: Schema, terms: Terms): string => {
  if (schema.$ref) return `[${nameOf(schema.$ref)}](#${nameOf(schema.$ref)})`
  if (schema.anyOf) return [...new Set(schema.anyOf.map(one => typeOf(one, terms)))].join(' · ')
  const values = schema.enum ?? ('const' in schema ? [schema.const] : null)
  if (values) return values.map(code).join(' · ')
  const types = [schema.type ?? []]
    .flat()
    .map(type => (type === 'array' && schema.items ? `${typeOf(schema.items, terms)} \\[\\]` : type))
  return types.join(' · ') + limitsOf(schema, terms)
}

/** A row for each field and each field within it: `delivery.state`, `data[].id`. */
const fieldRows = (schema: Schema, terms: Terms, prefix = ''): string[] => {
  if (schema.anyOf) return [...new Set(schema.anyOf.flatMap(one => fieldRows(one, terms, prefix)))]
  if (schema.allOf)
    return schema.allOf.flatMap(one => (one.$ref ? [row('…', typeOf(one, terms), '')] : fieldRows(one, terms, prefix)))
  if (schema.items) return fieldRows(schema.items, terms, `${prefix}[]`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    const mark = schema.required?.includes(name) ? '' : ` *${terms.optional}*`
    return [row(code(path) + mark, typeOf(field, terms), field.description ?? ''), ...fieldRows(field, terms, path)]
  })
}

const CREATED = '2026-11-24T08:00:00.000Z'
const ULID = '01KAW2X5G0Q8T3M6V9Y1B4D7FH'
type Resolve = (schema: Schema) => Schema

const exampleText = ({ format, pattern }: Schema): string => {
  const prefix = /^\^(\w+?_)/.exec(pattern ?? '')?.[1]
  return format === 'date-time' ? CREATED : prefix === undefined ? '…' : `${prefix}${ULID}`
}

/** A value that fits: the example that each part brings, else the least; null where that may be. */
const exampleOf = (schema: Schema, resolve: Resolve): unknown => {
  const [shown = schema.default] = schema.examples ?? []
  if (shown !== undefined) return shown
  if (schema.$ref) return exampleOf(resolve(schema), resolve)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(one => exampleOf(one, resolve)))
  if ('const' in schema) return schema.const
  if (schema.enum) return schema.enum[0]
  const [variant, ...others] = schema.oneOf ?? schema.anyOf ?? []
  if ([schema, ...others].some(({ type }) => [type].flat().includes('null'))) return null
  if (variant) return exampleOf(variant, resolve)
  if (schema.items) return [exampleOf(schema.items, resolve)]
  if (schema.type === 'string') return exampleText(schema)
  if (schema.type === 'boolean') return false
  if (schema.type !== 'object') return schema.minimum ?? 0
  const fields = Object.entries(schema.properties ?? {}).filter(
    ([name, field]) => schema.required?.includes(name) || field.examples,
  )
  return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field, resolve)]))
}

const objectParts = (schema: Schema, terms: Terms, resolve: Resolve): string[] => [
  table(terms.fields, fieldRows(schema, terms)),
  block('json', JSON.stringify(exampleOf(schema, resolve), null, 2)),
]

/** As it is pasted: curl would take the braces of `{id}` for a list of its own. The parameter says which ids it is. */
const pastedPath = (path: string, parameters: readonly Parameter[]): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const { description = '' } = parameters.find(one => one.name === name) ?? {}
    return /`(\w+_…)`/.exec(description)?.[1] ?? name
  })

const curl = (method: string, path: string, example: unknown): string => {
  const lines = [
    `curl -s${method === 'get' || example !== undefined ? '' : ` -X ${method.toUpperCase()}`} "${SERVICE}${path}"`,
    `-H "authorization: Bearer $API_KEY"`,
    ...(example === undefined
      ? []
      : [`-H 'content-type: application/json'`, `-d '${JSON.stringify(example, null, 2)}'`]),
  ]
  return block('sh', lines.join(' \\\n  '))
}

const inAll = (lists: readonly string[][]): string[] =>
  (lists[0] ?? []).filter(one => lists.every(list => list.includes(one)))

const createParts = (document: ApiDocument, language: Language) => {
  const terms = WORDS[language]
  const resolve = <Part extends object>(part: Part): Part =>
    '$ref' in part
      ? (String(part.$ref)
          .split('/')
          .slice(1)
          .reduce((at, name) => at[name as keyof typeof at], document as object) as Part)
      : part
  const bodyOf = ({ requestBody }: Operation): Schema | null => {
    const schema = requestBody?.content['application/json']?.schema
    return schema ? resolve(schema) : null
  }
  const headOf = ({ operationId, summary, description = '' }: Operation, address: string) => [
    `### <a id="${operationId}"></a>${summary}`,
    code(address),
    description,
  ]

  /** The codes of each status, with links to what they mean. */
  const errorsOf = ({ responses }: Operation): string[] =>
    Object.entries(responses).flatMap(([status, one]) =>
      [...(status < '4' ? '' : resolve(one).description).matchAll(/(?<=`)[a-z_]+(?=`)/g)].map(
        ([name]) => `${status} [${code(name)}](${PROBLEMS[language]}#${name})`,
      ),
    )
  const operations = Object.values(document.paths).flatMap(methods => Object.values(methods))
  const ofCalls = inAll(operations.map(errorsOf))
  const ofBodies = inAll(operations.filter(({ requestBody }) => requestBody).map(errorsOf))
  const shared = [
    terms.everyCall + ofCalls.join(' · '),
    terms.everyBody + ofBodies.filter(one => !ofCalls.includes(one)).join(' · '),
  ]

  const exampleBlock = (schema: Schema | undefined): string =>
    schema ? block('json', JSON.stringify(exampleOf(schema, resolve), null, 2)) : ''

  const call = (method: string, path: string, operation: Operation): string[] => {
    const parameters = (operation.parameters ?? []).map(resolve).filter(({ name }) => name !== 'accept-language')
    const body = bodyOf(operation)
    const errors = errorsOf(operation).filter(one => !(body ? ofBodies : ofCalls).includes(one))
    const answers = Object.entries(operation.responses).map(([status, one]) => [status, resolve(one)] as const)
    return [
      ...headOf(operation, `${method.toUpperCase()} ${path}`),
      table(
        terms.parameters,
        parameters.map(({ name, required, schema, description = '' }) =>
          row(code(name) + (required ? '' : ` *${terms.optional}*`), typeOf(schema, terms), description),
        ),
      ),
      table(terms.fields, body ? fieldRows(body, terms) : []),
      curl(method, pastedPath(path, parameters), body ? exampleOf(body, resolve) : undefined),
      table(
        terms.answers,
        answers
          .filter(([status]) => status < '4')
          .map(([status, { description, content = {} }]) => {
            const types = Object.values(content).map(({ schema }) => typeOf(schema, terms))
            return row(status, [description, ...types].join(terms.space))
          }),
      ),
      exampleBlock(answers[0]?.[1].content?.['application/json']?.schema),
      errors.length === 0 ? '' : terms.errors + errors.join(' · '),
    ]
  }
  const webhook = (name: string, operation: Operation): string[] => [
    ...headOf(operation, name),
    ...objectParts(bodyOf(operation) ?? {}, terms, resolve),
  ]
  return { call, webhook, resolve, shared }
}

/** The partners' OpenAPI document as a page of Markdown. */
const renderReference = (document: ApiDocument, language: Language): string => {
  const terms = WORDS[language]
  const { info, tags, paths, webhooks, components } = document
  const { call, webhook, resolve, shared } = createParts(document, language)
  const operationsOf = (all: Paths) =>
    Object.entries(all).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
  const sections = tags.flatMap(({ name, description }) => [
    `## <a id="${name}"></a>${TAGS[name]?.[language] ?? name}`,
    description + (name === 'Webhooks' ? terms.receive : ''),
    ...operationsOf(paths).flatMap(({ path, method, operation }) =>
      operation.tags[0] === name ? call(method, path, operation) : [],
    ),
    ...(name === 'Webhooks' ? operationsOf(webhooks).flatMap(({ path, operation }) => webhook(path, operation)) : []),
  ])
  const objects = Object.entries(components.schemas).flatMap(([name, schema]) =>
    // These stand with their calls and webhooks.
    /(Request|Webhook)$/.test(name)
      ? []
      : [`### <a id="${name}"></a>${name}`, schema.description ?? '', ...objectParts(schema, terms, resolve)],
  )
  // The object of a body stands with its call.
  const bodies = operationsOf(paths).map(({ operation: { operationId, requestBody } }) => {
    const ref = requestBody?.content['application/json']?.schema.$ref ?? ''
    return [`(#${nameOf(ref)})`, `(#${operationId})`] as [string, string]
  })
  return [
    `# <a id="reference"></a>${terms.title}`,
    '<!-- words: Postman, Apifox, import, 导入, OpenAPI, Swagger, pagination, paging, 分页, 翻页, timezone, time zone, 时区 -->',
    info.description.replace('`/docs/problems`', `[${code('/docs/problems')}](${PROBLEMS[language]})`),
    `${components.securitySchemes.partnerKey.description}${terms.space}${terms.tools}[openapi.json](${SERVICE}/openapi.json)${terms.imports}`,
    ...shared,
    ...sections,
    `## <a id="objects"></a>${terms.objects}`,
    terms.about,
    ...objects,
  ]
    .filter(part => part !== '')
    .join('\n\n')
    .replaceAll(/\(#\w+\)/g, link => new Map(bodies).get(link) ?? link)
    .trimEnd()
    .concat('\n')
}

export const referencePage = (language: Language): string =>
  renderReference(createPartnerDocument(VERSION, language) as unknown as ApiDocument, language)
