import { ACT, type AdminRoute } from '../admin/authorize.ts'
import { BULK_BODY } from '../admin/bulk.ts'
import { BULK, BULK_DRAFT } from '../admin/bulk-view.ts'
import { CALLBACK, CALLBACK_ENABLING, CALLBACKS_QUERY, ENABLED_CALLBACK } from '../admin/callbacks.ts'
import { FAILURE_GROUPS } from '../admin/messages.ts'
import { FOUND_REGISTRATION, REGISTRATION_DETAIL } from '../admin/registration-view.ts'
import { BOUNDED_COUNT, RESENT, SEARCH_QUERY } from '../admin/registrations.ts'
import { FILTER_QUERY } from '../admin/search.ts'
import type { Operation } from '../calls.ts'
import { listOf, PAGE_QUERY } from '../json/pagination.ts'
import { EXPLANATION } from '../partner/explain.ts'
import { ATTEMPT } from '../partner/registration-schemas.ts'

/** What operators call about registrations, their webhooks and where those go. */
export const REGISTRATION_OPERATIONS = {
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
} satisfies Readonly<Record<string, Operation & AdminRoute>>
