import type { Language } from '../../../../src/core/language.ts'
import { ADMIN_TOKEN, type Json, type openApi } from '../../support/api.ts'

type Api = Awaited<ReturnType<typeof openApi>>

export const partnerDocument = async (api: Api, language: Language = 'en'): Promise<Json> =>
  (await api.call('GET', '/openapi.json', { key: null, headers: { 'accept-language': language } })).json
export const operatorDocument = async (api: Api): Promise<Json> =>
  (await api.call('GET', '/v1/admin/openapi.json', { key: ADMIN_TOKEN })).json

/** Every operation of a document, by its method and path. */
export const operationsOf = ({ paths }: Json): [route: string, operation: Json][] =>
  Object.entries<Json>(paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]): [string, Json] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )

/** What stands at a `$ref` of the document. */
export const resolveIn =
  (document: Json) =>
  (ref: string): Json =>
    ref
      .slice(2)
      .split('/')
      .reduce((node: Json, name) => node[name.replaceAll('~1', '/')], document)
