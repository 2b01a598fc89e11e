import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { referencePage } from '../../scripts/reference.ts'
import { createPartnerDocument } from '../../src/http/openapi/document.ts'
import type { Json } from '../http/support/api.ts'

test('the example of each object, webhook and body fits its schema', () => {
  const { paths, webhooks, components }: Json = createPartnerDocument('0.0.0', 'en')
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'https://document.example/', components })
  const operations = Object.values<Json>({ ...paths, ...webhooks }).flatMap(item => Object.values<Json>(item))
  /** By the names of the sections: of what they show an example. */
  const refs = new Map(
    operations.map(one => [one.operationId, one.requestBody?.content['application/json'].schema.$ref]),
  )
  let shown = 0
  for (const section of referencePage('en').split('\n### <a id="').slice(1)) {
    const [id = ''] = section.split('"')
    const json = /(?:```json\n|-d ')([{[][\s\S]*?[}\]])(?:'\n|\n```)/.exec(section)?.[1]
    if (json === undefined) continue
    const validate = ajv.getSchema(`https://document.example/${refs.get(id) ?? `#/components/schemas/${id}`}`)
    expect(validate?.(JSON.parse(json)), `${id}: ${ajv.errorsText(validate?.errors)}`).toBe(true)
    shown++
  }
  expect(shown).toBeGreaterThan(15)
})
