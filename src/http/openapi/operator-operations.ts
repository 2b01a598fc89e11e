import { ACCOUNT, NEW_ACCOUNT } from '../admin/accounts.ts'
import { AUDIT_QUERY, AUDITED_ACT } from '../admin/audit.ts'
import { ACT, type AdminRoute } from '../admin/authorize.ts'
import { NODE } from '../admin/nodes.ts'
import { OVERVIEW } from '../admin/overview.ts'
import {
  CREATED_KEY,
  CREATED_PARTNER,
  createKeyBody,
  KEY,
  NEW_PARTNER,
  PARTNER,
  PARTNER_CHANGE,
} from '../admin/partners.ts'
import type { Operation } from '../calls.ts'
import { listOf, PAGE_QUERY } from '../json/pagination.ts'
import { REGISTRATION_OPERATIONS } from './registration-operations.ts'

/** What operators call, by tag. */
export const OPERATOR_OPERATIONS = {
  Admin: {
    'GET /v1/admin/partners': {
      role: 'read',
      operationId: 'listPartners',
      summary: 'List partners, oldest first',
      query: PAGE_QUERY,
      answers: { 200: listOf(PARTNER) },
    },
    'POST /v1/admin/partners': {
      role: 'admin',
      act: 'partner.create',
      operationId: 'createPartner',
      summary: 'Create a partner with its first key and signing secret',
      description: 'The key and the secret are shown only in this answer: hand them to the partner.',
      body: NEW_PARTNER,
      answers: { 201: CREATED_PARTNER },
    },
    'GET /v1/admin/partners/:id': {
      role: 'read',
      operationId: 'getPartner',
      summary: 'Get a partner',
      answers: { 200: PARTNER },
    },
    'PATCH /v1/admin/partners/:id': {
      role: 'admin',
      act: 'partner.change',
      operationId: 'changePartner',
      summary: 'Change a partner',
      description:
        'Only the fields in the body change. The keys of a disabled partner stop working, and nothing is asked or sent for it; nothing is lost.',
      body: PARTNER_CHANGE,
      answers: { 200: PARTNER },
    },
    'GET /v1/admin/partners/:id/keys': {
      role: 'read',
      operationId: 'listKeys',
      summary: "List a partner's API keys",
      answers: { 200: listOf(KEY) },
    },
    'POST /v1/admin/partners/:id/keys': {
      role: 'admin',
      act: 'key.create',
      operationId: 'createKey',
      summary: 'Create an API key',
      description: 'It is shown only in this answer. The partner’s other keys stay as they are.',
      body: createKeyBody(() => 0),
      answers: { 201: CREATED_KEY },
    },
    'DELETE /v1/admin/keys/:id': {
      role: 'admin',
      act: 'key.revoke',
      operationId: 'revokeKey',
      summary: 'Revoke an API key',
      description: 'It stops working within a second. Revoking it again changes nothing.',
      query: ACT,
      answers: { 204: null },
    },
    'GET /v1/admin/accounts': {
      role: 'read',
      operationId: 'listAccounts',
      summary: 'List upstream accounts, oldest first',
      description: 'Whether each is paused and why, and whether GetResult can be reached with it.',
      query: PAGE_QUERY,
      answers: { 200: listOf(ACCOUNT) },
    },
    'POST /v1/admin/accounts': {
      role: 'admin',
      act: 'account.create',
      operationId: 'createAccount',
      summary: 'Add an upstream account',
      description:
        'Registrations name it by its id or its APIID. Its APIKEY is encrypted, and never shown. One that was removed comes back with the new key, and with all that waits for it.',
      body: NEW_ACCOUNT,
      answers: { 201: ACCOUNT },
      problems: ['conflict'],
    },
    'POST /v1/admin/accounts/:id/pause': {
      role: 'operate',
      act: 'account.pause',
      operationId: 'pauseAccount',
      summary: 'Pause an upstream account',
      description:
        'By its id or its APIID. Nothing is asked with it until it is resumed. Its registrations wait, and none of them expires meanwhile.',
      body: ACT,
      answers: { 200: ACCOUNT },
    },
    'POST /v1/admin/accounts/:id/resume': {
      role: 'operate',
      act: 'account.resume',
      operationId: 'resumeAccount',
      summary: 'Resume an upstream account, slowly at first',
      description: 'It is tried with one call first; then its rate grows to the whole.',
      body: ACT,
      answers: { 200: ACCOUNT },
    },
    'DELETE /v1/admin/accounts/:id': {
      role: 'admin',
      act: 'account.remove',
      operationId: 'removeAccount',
      summary: 'Remove an upstream account',
      description:
        'Nobody finds it any more, and a registration that names it is refused. What waits for it is still asked with its key, to its end; then, a day later at the earliest, the key is erased. A pause of it ends. Refused while an enabled partner has it for its own, or the settings name it.',
      query: ACT,
      answers: { 204: null },
      problems: ['conflict'],
    },
    'GET /v1/admin/nodes': {
      role: 'read',
      operationId: 'listNodes',
      summary: 'List the nodes that work on the database, oldest first',
      description: 'Which of them are lost, and which differ from the others. There are 100 at most.',
      answers: { 200: listOf(NODE) },
    },
    'GET /v1/admin/overview': {
      role: 'read',
      operationId: 'getOverview',
      summary: 'What is wrong and what to do, and what waits since when',
      description:
        'One look at everything, however large the database is. Texts are in the language that `accept-language` asks for.',
      answers: { 200: OVERVIEW },
    },
    ...REGISTRATION_OPERATIONS,
    'GET /v1/admin/audit': {
      role: 'admin',
      operationId: 'listActs',
      summary: 'List what operators have done, newest first',
      description:
        'What the admin API was asked to change, and what commands have changed, for a year. A page looks at 5,000 acts at most, so it may be short, or empty, and have a `nextCursor`.',
      query: AUDIT_QUERY,
      answers: { 200: listOf(AUDITED_ACT) },
    },
  },
} satisfies Record<string, Readonly<Record<string, Operation & AdminRoute>>>

/** Who may call what. What is not here, nobody may. */
export const ADMIN_ROUTES: Readonly<Record<string, AdminRoute>> = {
  ...OPERATOR_OPERATIONS.Admin,
  'GET /v1/admin/openapi.json': { role: 'read' },
}

/** What is in no document, with the statuses of its answers: pages and files, and what probes and monitoring ask. */
export const PAGES: Readonly<Record<`GET /${string}`, readonly number[]>> = {
  'GET /': [302],
  'GET /healthz': [200],
  'GET /readyz': [200, 503],
  'GET /metrics': [200, 401, 429],
  'GET /openapi.json': [200, 429],
  'GET /v1/admin/openapi.json': [200, 400, 401, 403, 404, 429, 500, 503],
  'GET /docs': [200, 404, 429],
  'GET /docs/': [301, 429],
  'GET /docs/start': [301, 429],
  'GET /docs/:page': [200, 404, 429],
  'GET /docs/examples/:file': [200, 404, 429],
  'GET /docs/assets/:file': [200, 404, 429],
}
