import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { referencePage } from '../../scripts/reference.ts'
import { createPartnerDocument } from '../../src/http/openapi/document.ts'
import type { Json } from '../http/support/api.ts'

const { paths, webhooks, components }: Json = createPartnerDocument('0.0.0', 'en')
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
ajv.addSchema({ $id: 'https://document.example/', components })
const operationsOf = (all: Json) => Object.values<Json>(all).flatMap(item => Object.values<Json>(item))
const refOf = (content: Json): string | undefined => content?.['application/json'].schema.$ref

/** The sections of the page by their anchors. */
const sections = new Map(
  referencePage('en')
    .split('\n### <a id="')
    .slice(1)
    .map(section => [section.split('"')[0] ?? '', section]),
)
const faultOf = (ref: string, json: string | undefined): string | null => {
  const validate = ajv.getSchema(`https://document.example/${ref}`)
  return json === undefined ? 'is not shown' : validate?.(JSON.parse(json)) ? null : ajv.errorsText(validate?.errors)
}
const shownIn = (section = '', pattern = /```json\n([\s\S]*?)\n```/): string | undefined => pattern.exec(section)?.[1]

test('the example of each object, webhook and body fits its schema', () => {
  const ofBody = /-d '([\s\S]*?)'\n/
  const shown = [
    ...Object.keys(components.schemas).map(
      name => [`#/components/schemas/${name}`, shownIn(sections.get(name))] as const,
    ),
    ...operationsOf(webhooks).map(
      one => [refOf(one.requestBody.content), shownIn(sections.get(one.operationId))] as const,
    ),
    ...operationsOf(paths).flatMap(({ operationId, requestBody }) =>
      requestBody ? [[refOf(requestBody.content), shownIn(sections.get(operationId), ofBody)] as const] : [],
    ),
  ]
  const faults = shown.flatMap(([ref = '', json]) => {
    const isElsewhere = json === undefined && /(Request|Webhook)$/.test(ref)
    const fault = isElsewhere ? null : faultOf(ref, json)
    return fault === null ? [] : [`${ref}: ${fault}`]
  })
  expect(faults).toEqual([])
})

test('beside each call is the JSON of its answer', () => {
  const faults = operationsOf(paths).flatMap(({ operationId, responses }) => {
    const [, answer] = Object.entries<Json>(responses).find(([status]) => status < '3') ?? []
    const ref = refOf(answer.content)
    const fault = ref === undefined ? null : faultOf(ref, shownIn(sections.get(operationId)))
    return fault === null ? [] : [`${operationId}: ${fault}`]
  })
  expect(faults).toEqual([])
})

test.each(['en', 'zh'] as const)('an id in a command is shown as the ids of that kind are: %s', language => {
  const addresses = [...referencePage(language).matchAll(/^curl .*"(https:[^"]+)"/gm)].map(
    ([, address = '']) => address,
  )
  expect(addresses.filter(address => address.includes('{'))).toEqual([])
  const ids = addresses.flatMap(address => /\/(\w+_…)/.exec(address)?.[1] ?? [])
  expect([...new Set(ids)].toSorted()).toEqual(['key_…', 'reg_…', 'resend_…', 'secret_…'])
})

test.each(['en', 'zh'] as const)('what holds for all calls stands once, at the head: %s', language => {
  const [head = '', ...parts] = referencePage(language).split('\n## ')
  const page = parts.join('\n## ')
  expect(page).not.toContain('| `accept-language`')
  const codesIn = (text: string) => [...text.matchAll(/\[`(\w+)`\]\(problems/g)].map(([, code = '']) => code)
  const atHead = codesIn(head)
  expect(atHead).toEqual(expect.arrayContaining(['unauthorized', 'too_many_requests', 'invalid_body']))
  for (const { operationId, requestBody, responses } of operationsOf(paths)) {
    const own = codesIn(page.split(`<a id="${operationId}"></a>`)[1]?.split('\n### ')[0] ?? '')
    const codes = Object.entries<Json>(responses).flatMap(([, { $ref = '' }]) =>
      [...JSON.stringify(components.responses[$ref.split('/').at(-1)] ?? '').matchAll(/`([a-z_]+)`/g)].map(
        ([, code]) => code,
      ),
    )
    expect(codes.length).toBeGreaterThan(4)
    expect([operationId, own.filter(code => atHead.includes(code))]).toEqual([operationId, []])
    expect([...own, ...(requestBody ? atHead : [])]).toEqual(
      expect.arrayContaining(codes.filter(code => requestBody || !atHead.includes(String(code)))),
    )
  }
})
