import { REMOVAL_REFUSALS } from '../admin/accounts.ts'
import { AUDIT_QUERY } from '../admin/audit.ts'
import { CALLBACKS_QUERY } from '../admin/callbacks.ts'
import { FAILURE_QUERY } from '../admin/messages.ts'
import { ACT } from '../admin/reason.ts'
import { SEARCH_QUERY } from '../admin/registrations.ts'
import { FILTER_QUERY } from '../admin/search.ts'
import { PAGE_QUERY } from '../json/pagination.ts'
import { RESEND_REFUSALS } from '../partner/registrations.ts'
import type { Operation, Operations } from './operation.ts'

const ADMIN = { tag: 'Admin', access: 'admin' } as const satisfies Partial<Operation>

const RESEND_PROBLEMS = { conflict: [{ detail: RESEND_REFUSALS.no_message }] }

export const ADMIN_OPERATIONS: Operations = {
  'GET /v1/admin/partners': {
    ...ADMIN,
    operationId: 'listPartners',
    summary: 'List partners, oldest first',
    description: 'With their quotas, and whether they are disabled.',
    query: PAGE_QUERY,
    answers: { 200: { description: 'A page.', schema: 'PartnerList' } },
  },
  'POST /v1/admin/partners': {
    ...ADMIN,
    operationId: 'createPartner',
    summary: 'Create a partner with its first key and signing secret',
    description: 'The key and the secret are shown only in this answer: hand them to the partner.',
    body: 'PartnerRequest',
    answers: { 201: { description: 'Created.', schema: 'NewPartner', headers: ['location'] } },
  },
  'GET /v1/admin/partners/:id': {
    ...ADMIN,
    operationId: 'getPartner',
    summary: 'Get a partner',
    description: 'Its name, its quotas, and whether it is disabled.',
    answers: { 200: { description: 'The partner.', schema: 'Partner' } },
  },
  'PATCH /v1/admin/partners/:id': {
    ...ADMIN,
    operationId: 'changePartner',
    summary: 'Change a partner',
    description:
      'Only the fields in the body change. The keys of a disabled partner stop working, and nothing is asked or sent for it; nothing is lost.',
    body: 'PartnerChangeRequest',
    answers: { 200: { description: 'The partner in its new state.', schema: 'Partner' } },
  },
  'GET /v1/admin/partners/:id/keys': {
    ...ADMIN,
    operationId: 'listKeys',
    summary: "List a partner's API keys",
    description: 'When each was last used, and whether it is revoked; never the key itself.',
    answers: { 200: { description: 'All keys.', schema: 'KeyList' } },
  },
  'POST /v1/admin/partners/:id/keys': {
    ...ADMIN,
    operationId: 'createKey',
    summary: 'Create an API key',
    description: 'It is shown only in this answer. The partner’s other keys stay as they are.',
    body: 'KeyRequest',
    bodyIsOptional: true,
    answers: { 201: { description: 'Created.', schema: 'NewKey' } },
  },
  'DELETE /v1/admin/keys/:id': {
    ...ADMIN,
    operationId: 'revokeKey',
    summary: 'Revoke an API key',
    description: 'It stops working within a second. Revoking it again changes nothing.',
    query: ACT,
    answers: { 204: { description: 'Revoked.' } },
  },
  'GET /v1/admin/accounts': {
    ...ADMIN,
    operationId: 'listAccounts',
    summary: 'List upstream accounts, oldest first',
    description: 'Whether each is paused and why, and whether GetResult can be reached with it.',
    query: PAGE_QUERY,
    answers: { 200: { description: 'A page.', schema: 'AccountList' } },
  },
  'POST /v1/admin/accounts': {
    ...ADMIN,
    operationId: 'createAccount',
    summary: 'Add an upstream account',
    description:
      'Registrations name it by its id or its APIID. Its APIKEY is encrypted, and never shown. One that was removed comes back with the new key, and with all that waits for it.',
    body: 'AccountRequest',
    answers: { 201: { description: 'Added.', schema: 'Account', headers: ['location'] } },
    problems: {
      conflict: [{ detail: { en: 'An account with this APIID exists already.', zh: '已有使用该 APIID 的账户。' } }],
    },
  },
  'POST /v1/admin/accounts/:id/pause': {
    ...ADMIN,
    operationId: 'pauseAccount',
    summary: 'Pause an upstream account',
    description:
      'Nothing is asked with it until it is resumed. Its registrations wait, and none of them expires meanwhile.',
    body: 'ActRequest',
    bodyIsOptional: true,
    answers: { 200: { description: 'The account in its new state.', schema: 'Account' } },
  },
  'POST /v1/admin/accounts/:id/resume': {
    ...ADMIN,
    operationId: 'resumeAccount',
    summary: 'Resume an upstream account, slowly at first',
    description: 'It is tried with one call first; then its rate grows to the whole.',
    body: 'ActRequest',
    bodyIsOptional: true,
    answers: { 200: { description: 'The account in its new state.', schema: 'Account' } },
  },
  'DELETE /v1/admin/accounts/:id': {
    ...ADMIN,
    operationId: 'removeAccount',
    summary: 'Remove an upstream account',
    description:
      'Nobody finds it any more, and a registration that names it is refused. What waits for it is still asked with its key, to its end; then, a day later at the earliest, the key is erased. A pause of it ends. Refused while an enabled partner has it for its own, or the settings name it.',
    query: ACT,
    answers: { 204: { description: 'Removed.' } },
    problems: { conflict: Object.values(REMOVAL_REFUSALS).map(detail => ({ detail })) },
  },
  'GET /v1/admin/nodes': {
    ...ADMIN,
    operationId: 'listNodes',
    summary: 'List the nodes that work on the database, oldest first',
    description: 'Which of them are lost, and which differ from the others. There are 100 at most.',
    answers: { 200: { description: 'All nodes.', schema: 'NodeList' } },
  },
  'GET /v1/admin/overview': {
    ...ADMIN,
    operationId: 'getOverview',
    summary: 'What is wrong and what to do, and what waits since when',
    description:
      'One look at everything, however large the database is. Texts are in the language that `accept-language` asks for.',
    answers: { 200: { description: 'The overview.', schema: 'Overview', headers: ['content-language'] } },
  },
  'GET /v1/admin/registrations': {
    ...ADMIN,
    operationId: 'searchRegistrations',
    summary: 'Search registrations of all partners, newest first',
    description:
      'A page looks at 10,000 registrations at most, so it may be short, or empty, and have a `nextCursor`: go on, or narrow the search with `partner`, `serial`, `since` or `error`.',
    query: SEARCH_QUERY,
    answers: { 200: { description: 'A page.', schema: 'FoundRegistrationList' } },
  },
  'GET /v1/admin/registrations/count': {
    ...ADMIN,
    operationId: 'countRegistrations',
    summary: 'Count what a search would find, up to 10,000',
    description: 'For a dry look at what a bulk act would mean.',
    query: FILTER_QUERY,
    answers: { 200: { description: 'The count.', schema: 'BoundedCount' } },
  },
  'GET /v1/admin/registrations/:id': {
    ...ADMIN,
    operationId: 'getRegistrationDetail',
    summary: 'Get a registration of any partner, with its partner and its account',
    description:
      'The serial is masked, and callback URL, metadata and what came with the verdict are left out, unless the role of the token lets it see all.',
    answers: { 200: { description: 'The registration.', schema: 'RegistrationDetail' } },
  },
  'GET /v1/admin/registrations/:id/explain': {
    ...ADMIN,
    operationId: 'explainToOperator',
    summary: 'Why there is no webhook yet',
    description:
      'As its partner sees it: the last answer of the upstream, the next poll, the account, the last attempt and the next.',
    answers: {
      200: { description: 'As data and as a sentence.', schema: 'Explanation', headers: ['content-language'] },
    },
  },
  'GET /v1/admin/registrations/:id/attempts': {
    ...ADMIN,
    operationId: 'listAttemptsForOperator',
    summary: 'List the newest 50 attempts, oldest first',
    description: 'What the receiver has answered is shown to the role `admin` only.',
    answers: { 200: { description: 'The attempts.', schema: 'AttemptList', headers: ['content-language'] } },
  },
  'POST /v1/admin/registrations/:id/resend': {
    ...ADMIN,
    operationId: 'resendForPartner',
    summary: 'Send the webhook now, with the same id',
    description: 'It may be delivered, waiting or exhausted. Its retry schedule starts from the beginning.',
    body: 'ActRequest',
    bodyIsOptional: true,
    answers: { 202: { description: 'It is sent now.', schema: 'Resent' } },
    problems: RESEND_PROBLEMS,
  },
  'GET /v1/admin/messages': {
    ...ADMIN,
    operationId: 'listFailures',
    summary: 'List webhooks that have failed and have not arrived, newest first',
    description: 'A page looks at 10,000 of them at most.',
    query: FAILURE_QUERY,
    answers: { 200: { description: 'A page.', schema: 'FoundRegistrationList' } },
  },
  'GET /v1/admin/messages/groups': {
    ...ADMIN,
    operationId: 'groupFailures',
    summary: 'Group the newest 10,000 of them by host and error',
    description: 'So that one cause of many failures is seen as one.',
    answers: { 200: { description: 'The groups.', schema: 'FailureGroups' } },
  },
  'GET /v1/admin/bulk': {
    ...ADMIN,
    operationId: 'listBulkActs',
    summary: 'List bulk acts, newest first',
    description: 'Drafts, those under way, and those that have ended, with how far each has come.',
    query: PAGE_QUERY,
    answers: { 200: { description: 'A page.', schema: 'BulkActList' } },
  },
  'POST /v1/admin/bulk': {
    ...ADMIN,
    operationId: 'createBulkAct',
    summary: 'Prepare an act on all registrations that a filter means',
    description:
      'It does nothing until it is started. What it means is what a search with the same filter finds, and to which the act can be done, as of now. To cancel needs the role `admin`.',
    body: 'BulkRequest',
    answers: {
      200: { description: 'A dry run: nothing was kept.', schema: 'BulkDraft' },
      201: { description: 'A draft.', schema: 'BulkDraft', headers: ['location'] },
    },
  },
  'GET /v1/admin/bulk/:id': {
    ...ADMIN,
    operationId: 'getBulkAct',
    summary: 'How far a bulk act has come',
    description: 'How many it has done of how many, and what it could not be done to.',
    answers: { 200: { description: 'The bulk act.', schema: 'BulkAct' } },
  },
  'POST /v1/admin/bulk/:id/start': {
    ...ADMIN,
    operationId: 'startBulkAct',
    summary: 'Start a draft, or go on with what was stopped',
    description: 'It is done in the background, at a pace that leaves room for what is new.',
    body: 'ActRequest',
    bodyIsOptional: true,
    answers: { 200: { description: 'It is under way, also after a restart.', schema: 'BulkAct' } },
    problems: { conflict: [{ detail: { en: 'It is under way already.', zh: '该操作已在进行中。' } }] },
  },
  'POST /v1/admin/bulk/:id/stop': {
    ...ADMIN,
    operationId: 'stopBulkAct',
    summary: 'Stop a bulk act; what it has done stays done',
    description: 'It may be started again later, and goes on where it stopped.',
    body: 'ActRequest',
    bodyIsOptional: true,
    answers: { 200: { description: 'It is stopped.', schema: 'BulkAct' } },
    problems: { conflict: [{ detail: { en: 'It is stopped already.', zh: '该操作已经停止。' } }] },
  },
  'GET /v1/admin/callbacks': {
    ...ADMIN,
    operationId: 'listCallbacks',
    summary: 'List callback URLs that fail or are held',
    description:
      'In the order of partner and URL. A page looks at 1,000 URLs at most, so it may be short, or empty, and have a `nextCursor`.',
    query: CALLBACKS_QUERY,
    answers: { 200: { description: 'A page.', schema: 'CallbackList' } },
  },
  'POST /v1/admin/callbacks/enable': {
    ...ADMIN,
    operationId: 'enableCallback',
    summary: 'Enable a callback URL that is disabled, or answered 410',
    description: 'Its failures are forgotten, and what was held for it goes out, slowly at first.',
    body: 'CallbackEnablingRequest',
    answers: { 200: { description: 'It is enabled now, also where it was before.', schema: 'EnabledCallback' } },
  },
  'GET /v1/admin/audit': {
    ...ADMIN,
    operationId: 'listActs',
    summary: 'List what operators have done, newest first',
    description:
      'What the admin API was asked to change, and what commands have changed, for a year. A page looks at 5,000 acts at most, so it may be short, or empty, and have a `nextCursor`.',
    query: AUDIT_QUERY,
    answers: { 200: { description: 'A page.', schema: 'AuditedActList' } },
  },
}
