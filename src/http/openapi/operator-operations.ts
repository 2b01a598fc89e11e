import { ACCOUNT, NEW_ACCOUNT } from '../admin/accounts.ts'
import { AUDIT_QUERY, AUDITED_ACT } from '../admin/audit.ts'
import { ACT, type AdminRoute } from '../admin/authorize.ts'
import { BULK_BODY } from '../admin/bulk.ts'
import { BULK, BULK_DRAFT } from '../admin/bulk-view.ts'
import { CALLBACK, CALLBACK_ENABLING, CALLBACKS_QUERY, ENABLED_CALLBACK } from '../admin/callbacks.ts'
import { FAILURE_GROUPS } from '../admin/messages.ts'
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
import { FOUND_REGISTRATION, REGISTRATION_DETAIL } from '../admin/registration-view.ts'
import { BOUNDED_COUNT, RESENT, SEARCH_QUERY } from '../admin/registrations.ts'
import { FILTER_QUERY } from '../admin/search.ts'
import { listOf, PAGE_QUERY } from '../json/pagination.ts'
import { EXPLANATION } from '../partner/explain.ts'
import { ATTEMPT } from '../partner/registration-schemas.ts'
import type { Operation } from './operation.ts'

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
      body: createKeyBody({ now: () => 0 }),
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
    'GET /v1/admin/registrations': {
      role: 'read',
      operationId: 'searchRegistrations',
      summary: 'Search registrations of all partners, newest first',
      description:
        'A page looks at 10,000 registrations at most, so it may be short, or empty, and have a `nextCursor`: go on, or narrow the search with `partner`, `serial`, `since` or `error`.',
      query: SEARCH_QUERY,
      answers: { 200: listOf(FOUND_REGISTRATION) },
    },
    'GET /v1/admin/registrations/count': {
      role: 'read',
      operationId: 'countRegistrations',
      summary: 'Count what a search would find, up to 10,000',
      query: FILTER_QUERY,
      answers: { 200: BOUNDED_COUNT },
    },
    'GET /v1/admin/registrations/:id': {
      role: 'read',
      operationId: 'getRegistrationDetail',
      summary: 'Get a registration of any partner, with its partner and its account',
      description:
        'The serial is masked, and callback URL, metadata and what came with the verdict are left out, unless the role of the token lets it see all.',
      answers: { 200: REGISTRATION_DETAIL },
    },
    'GET /v1/admin/registrations/:id/explain': {
      role: 'read',
      operationId: 'explainToOperator',
      summary: 'Why there is no webhook yet',
      description: 'As its partner sees it.',
      answers: { 200: EXPLANATION },
    },
    'GET /v1/admin/registrations/:id/attempts': {
      role: 'read',
      operationId: 'listAttemptsForOperator',
      summary: 'List the newest 50 attempts, oldest first',
      description: 'What the receiver has answered is shown to the role `admin` only.',
      answers: { 200: listOf(ATTEMPT) },
    },
    'POST /v1/admin/registrations/:id/resend': {
      role: 'operate',
      act: 'registration.resend',
      operationId: 'resendForPartner',
      summary: 'Send the webhook now, with the same id',
      description: 'It may be delivered, waiting or exhausted. Its retry schedule starts from the beginning.',
      body: ACT,
      answers: { 202: RESENT },
      problems: ['conflict'],
    },
    'GET /v1/admin/messages/groups': {
      role: 'read',
      operationId: 'groupFailures',
      summary: 'Group the newest 10,000 webhooks that have failed and have not arrived, by host and error',
      answers: { 200: FAILURE_GROUPS },
    },
    'GET /v1/admin/bulk': {
      role: 'read',
      operationId: 'listBulkActs',
      summary: 'List bulk acts, newest first',
      description: 'Drafts, those under way, and those that have ended, with how far each has come.',
      query: PAGE_QUERY,
      answers: { 200: listOf(BULK) },
    },
    'POST /v1/admin/bulk': {
      role: 'operate',
      act: 'bulk.create',
      operationId: 'createBulkAct',
      summary: 'Prepare an act on all registrations that a filter means',
      description:
        'It does nothing until it is started. What it means is what a search with the same filter finds, and to which the act can be done, as of now. A dry run keeps nothing, and is 200. To cancel needs the role `admin`.',
      body: BULK_BODY,
      answers: { 200: BULK_DRAFT, 201: BULK_DRAFT },
    },
    'GET /v1/admin/bulk/:id': {
      role: 'read',
      operationId: 'getBulkAct',
      summary: 'How far a bulk act has come',
      answers: { 200: BULK },
    },
    'POST /v1/admin/bulk/:id/start': {
      role: 'operate',
      act: 'bulk.start',
      operationId: 'startBulkAct',
      summary: 'Start a draft, or go on with what was stopped',
      description: 'It is done in the background, at a pace that leaves room for what is new.',
      body: ACT,
      answers: { 200: BULK },
      problems: ['conflict'],
    },
    'POST /v1/admin/bulk/:id/stop': {
      role: 'operate',
      act: 'bulk.stop',
      operationId: 'stopBulkAct',
      summary: 'Stop a bulk act; what it has done stays done',
      description: 'It may be started again later, and goes on where it stopped.',
      body: ACT,
      answers: { 200: BULK },
      problems: ['conflict'],
    },
    'GET /v1/admin/callbacks': {
      // It has whole URLs: they are needed to enable one.
      role: 'operate',
      operationId: 'listCallbacks',
      summary: 'List callback URLs that fail or are held',
      description:
        'In the order of partner and URL. A page looks at 1,000 URLs at most, so it may be short, or empty, and have a `nextCursor`.',
      query: CALLBACKS_QUERY,
      answers: { 200: listOf(CALLBACK) },
    },
    'POST /v1/admin/callbacks/enable': {
      role: 'operate',
      act: 'callback.enable',
      operationId: 'enableCallback',
      summary: 'Enable a callback URL that is disabled, or answered 410',
      description: 'Its failures are forgotten, and what was held for it goes out.',
      body: CALLBACK_ENABLING,
      answers: { 200: ENABLED_CALLBACK },
    },
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
