import type { Context } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { BULK_RATE, type BulkAct, mostUnderWay, type NewBulkAct } from '../../store/bulk/states.ts'
import { BULK_ACTS } from '../../store/registrations/filter.ts'
import type { Store } from '../../store/store.ts'
import type { ApiEnv } from '../api-env.ts'
import { type AdminCalls, adminOperation, type Handle } from '../calls.ts'
import { listOf, PAGE_QUERY, viewPage } from '../json/pagination.ts'
import { found, readId } from '../json/problem.ts'
import { mustBeOneOf, packWords, TRUE_OR_FALSE } from '../json/validate.ts'
import { ACT, REASON } from './authorize.ts'
import { BULK, BULK_DRAFT, bulkFacts, viewBulk } from './bulk-view.ts'
import { withPartnerNames } from './partner-names.ts'
import { viewFound } from './registration-view.ts'
import { charged, FILTER_QUERY, readFilter } from './search.ts'

const KIND = mustBeOneOf(BULK_ACTS)
const PROBE = packWords({
  en: 'must be left out except for the act resend: a probe is a webhook that has to arrive',
  zh: '仅 resend 操作可用：探测是指先发送一条必须送达的回调',
})
const NARROW = packWords({
  en: 'must have at least one condition, such as a partner or since',
  zh: '必须至少给出一个条件，例如 partner 或 since',
})
const BULK_BODY = z
  .strictObject({
    act: z.enum(BULK_ACTS, KIND),
    filter: FILTER_QUERY.refine(({ zone: _, ...filter }) => Object.keys(filter).length > 0, NARROW).describe(
      'The parameters of a search. Registrations that are created, end or are tried after now are not included, so `until` is now at the latest.',
    ),
    reason: REASON,
    probe: z.boolean(TRUE_OR_FALSE).optional().describe('Send one first, and the rest only once it has arrived.'),
    dryRun: z.boolean(TRUE_OR_FALSE).optional().describe('Only show what would match.'),
  })
  .refine(({ act, probe }) => !probe || act === 'resend', { path: ['probe'], message: PROBE })

const SAMPLE = 10

const UNDER_WAY = { en: 'It is under way already.', zh: '该操作已在进行中。' }
const IMPOSSIBLE: Readonly<Record<BulkAct['state'], Words>> = {
  draft: { en: 'It has not been started.', zh: '该操作尚未开始。' },
  probing: UNDER_WAY,
  running: UNDER_WAY,
  stopped: { en: 'It is stopped already.', zh: '该操作已经停止。' },
  done: { en: 'It is done. Create another one.', zh: '该操作已全部完成。请新建一个。' },
  failed: { en: 'Its probe has failed. Create another one.', zh: '该操作的探测已失败。请新建一个。' },
}
const TOO_MANY_BULK_ACTS = {
  en: `${mostUnderWay(null)} bulk acts are under way, which is the maximum. Stop one, or start this one when another has ended.`,
  zh: `已有 ${mostUnderWay(null)} 个批量操作在进行，达到上限。请停止其中一个，或等其中一个结束后再开始。`,
}
const ADMIN_ONLY = {
  en: 'Cancelling many registrations needs a token with the role admin.',
  zh: '批量取消登记需要 admin 角色的令牌。',
}

/** Cancelling takes outcomes from partners and cannot be undone, so it needs `admin`; stopping it does not. */
export const roleOfBulkAct = (act: NewBulkAct['act']): Role => (act === 'cancel' ? 'admin' : 'operate')

const refuseByAct = (c: Context<ApiEnv>, act: NewBulkAct['act']): void => {
  if (!includesRole(c.get('operator').role, roleOfBulkAct(act))) throw new AppError('forbidden', ADMIN_ONLY)
}

const find = async (c: Context<ApiEnv>, store: Store) =>
  found(await store.findBulkAct(readId(c.req.param('id'), 'bulk act')), 'bulk act')
const view = (c: Context<ApiEnv>, bulk: BulkAct, now: number) => viewBulk(bulk, { role: c.get('operator').role, now })

const commandBy =
  (command: 'start' | 'stop'): Handle =>
  async (c, { store, now }) => {
    const { id, act } = await find(c, store)
    if (command === 'start') refuseByAct(c, act)
    await c.get('beginAct')(id)
    const commanded = found(await store[`${command}BulkAct`](id), 'bulk act')
    if (commanded.outcome === 'too_many') throw new AppError('conflict', TOO_MANY_BULK_ACTS)
    if (commanded.outcome === 'impossible') throw new AppError('conflict', IMPOSSIBLE[commanded.state])
    return c.json(view(c, commanded.bulk, now()))
  }

/** Acts on all registrations that match a filter. */
export const BULK_CALLS = {
  'GET /v1/admin/bulk': adminOperation({
    role: 'read',
    operationId: 'listBulkActs',
    summary: 'List bulk acts, newest first',
    description: 'Drafts, running and ended bulk acts, with the progress of each.',
    query: PAGE_QUERY,
    answers: { 200: listOf(BULK) },
    handle: async (c, { store, now }, { query: { limit, cursor } }) => {
      const page = await store.listBulkActs({ limit, before: cursor ?? null })
      return c.json(viewPage(page, bulk => view(c, bulk, now())))
    },
  }),
  'POST /v1/admin/bulk': adminOperation({
    role: 'operate',
    act: 'bulk.create',
    operationId: 'createBulkAct',
    summary: 'Prepare an act on all registrations that match a filter',
    description:
      'It does nothing until it is started. It covers the registrations that a search with the same filter finds now, as far as the act applies to them. A dry run stores nothing and answers 200. Cancelling needs the role `admin`.',
    body: BULK_BODY,
    answers: { 200: BULK_DRAFT, 201: BULK_DRAFT },
    handle: async (
      c,
      { store, newId, now, rates },
      { body: { act, reason, probe = false, dryRun = false, ...body } },
    ) => {
      refuseByAct(c, act)
      const at = now()
      const meant = await readFilter(body.filter, { store, now: at, source: 'body' })
      const filter = { ...meant, until: Math.min(meant.until ?? at, at) }
      const { id: who, name, role } = c.get('operator')
      const counted = await charged(rates, who, () => store.countRegistrations({ filter, act }, who))
      // A search looks at fewer registrations than a count, so after a count of 0 it would find nothing either.
      const newest = { filter, act, limit: SAMPLE, before: null }
      const sample = counted.count === 0 ? [] : (await store.searchRegistrations(newest, who)).found
      const draft: NewBulkAct = {
        id: newId('bulk'),
        partnerId: null,
        act,
        filter,
        reason,
        who,
        name,
        probe,
        counted,
        createdAt: at,
      }
      if (!dryRun) await c.get('beginAct')(draft.id, { after: bulkFacts(draft) })
      const bulk = dryRun ? { ...draft, ...NOT_BEGUN } : await store.createBulkAct(draft)
      if (!dryRun) c.header('location', `/v1/admin/bulk/${bulk.id}`)
      const drafted: z.output<typeof BULK_DRAFT> = {
        ...view(c, bulk, now()),
        ...(dryRun ? { id: null } : {}),
        sample: (await withPartnerNames(store, sample)).map(one => viewFound(one, role)),
        estimatedSeconds: Math.ceil(counted.count / BULK_RATE),
      }
      return c.json(drafted, dryRun ? 200 : 201)
    },
  }),
  'GET /v1/admin/bulk/:id': adminOperation({
    role: 'read',
    operationId: 'getBulkAct',
    summary: 'Get the progress of a bulk act',
    answers: { 200: BULK },
    handle: async (c, { store, now }) => c.json(view(c, await find(c, store), now())),
  }),
  'POST /v1/admin/bulk/:id/start': adminOperation({
    role: 'operate',
    act: 'bulk.start',
    operationId: 'startBulkAct',
    summary: 'Start a draft, or continue a stopped bulk act',
    description: 'It runs in the background, at a rate that leaves room for new work.',
    body: ACT,
    answers: { 200: BULK },
    problems: ['conflict'],
    handle: commandBy('start'),
  }),
  'POST /v1/admin/bulk/:id/stop': adminOperation({
    role: 'operate',
    act: 'bulk.stop',
    operationId: 'stopBulkAct',
    summary: 'Stop a bulk act; what it has done stays done',
    description: 'It can be started again later, and continues where it stopped.',
    body: ACT,
    answers: { 200: BULK },
    problems: ['conflict'],
    handle: commandBy('stop'),
  }),
} satisfies AdminCalls

const NOT_BEGUN = {
  state: 'draft',
  startedAt: null,
  doneAtStart: 0,
  endedAt: null,
  probeId: null,
  probedAt: null,
  done: 0,
  error: null,
} as const
