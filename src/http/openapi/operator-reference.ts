import { Hono } from 'hono'
import { noQuery } from '../json/query.ts'
import { createOperatorDocument, type DocumentDeps } from './document.ts'

/** `GET /v1/admin/openapi.json`: the calls of operators, which partners are not shown. */
export const createOperatorReference = (deps: DocumentDeps) => {
  const app = new Hono()
  let document: string | undefined
  app.get('/', noQuery, c => {
    document ??= JSON.stringify(createOperatorDocument(deps))
    return c.body(document, 200, { 'content-type': 'application/json' })
  })
  return app
}
