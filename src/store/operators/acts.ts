import type { ActName } from '../../core/act.ts'
import { DAY } from '../../core/duration.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import { and, desc, eq, gte, lt, or } from '../drizzle.ts'
import { idOf, type Page, pageOf } from '../page.ts'
import type { ACT_OUTCOMES } from '../schema/operators.ts'
import type { Row, Sql } from '../tx.ts'

export type ActOutcome = (typeof ACT_OUTCOMES)[number]
export type ActEnd = Exclude<ActOutcome, 'begun'>

/** Author of the acts done by commands. */
export const COMMAND = 'command'

/** Possible ids, but no key, token or signing secret that was typed in the place of one. */
const ID = /^(?!ifn_|ifnadmin_|whs[ek]c?_)[\x21-\x7e]{1,128}$/
/** Returns the given id as an act's object, or null if it cannot be one, and so is not kept. */
export const objectOf = (text: string): string | null => (ID.test(text) ? text : null)

/**
 * An act of an operator, by the admin API or a command; `id` counts up.
 *
 * - `who`: id of the token, `ADMIN_TOKEN` or `command`. `name`: of the token, or the system user of a command.
 * - `act`: an `ActName`, or one of an earlier version. `object`: id of its object; null: none in particular, or not a possible id.
 * - `reason`: as given by the operator. `changes`: by `changesOf`; null: none, or not recorded.
 */
export type Act = Row<'acts'>
export type NewAct = Omit<Act, 'id' | 'at' | 'act'> & { act: ActName }

/** User of a command, and the reason given. */
export type CommandUser = Pick<NewAct, 'name' | 'reason'>

export interface ActQuery {
  /** Equals the act's `who` or `name`. */
  who: string | null
  act: string | null
  /** The id of the act's object. */
  object: string | null
  /** Epoch ms. */
  since: number | null
  limit: number
  /** Only acts before this id. */
  before: number | null
}

const KEPT_MS = 366 * DAY

/** Number of the oldest acts checked for erasure when another is recorded. */
const ACTS_ERASED_AT_ONCE = 100

/** Acts before this moment are erased. Only age counts: nobody can push out the acts of others by adding many. */
const actsKeptFrom = (now: number): number => now - KEPT_MS

const ERASE_OLD: Sql = d => `
  DELETE FROM acts WHERE id IN (
    SELECT id FROM acts WHERE id IN (SELECT id FROM acts ORDER BY id LIMIT ${ACTS_ERASED_AT_ONCE}) AND at < @before
    ${d.forUpdate({ skipLocked: true })})`

/** Acts of operators. Recording an act erases a few expired ones. */
export const actVerbs = {
  calls: ({ write }) => ({
    /**
     * Records an act before it is done, or, with an outcome, one that came to nothing. Returns its id.
     * Also erases some acts older than a year.
     */
    recordAct: (act: NewAct): Promise<number> =>
      write(async tx => {
        const [id] = await tx.insert('acts', [{ ...act, at: tx.at }])
        await tx.all(ERASE_OLD, { before: actsKeptFrom(tx.at) })
        return id as number
      }),

    endAct: (id: number, outcome: ActEnd): Promise<void> => write(tx => tx.update('acts', ['id'], [{ id, outcome }])),
  }),

  searches: ({ read, queued }: Pick<StoreContext, 'read' | 'queued'>) => ({
    /** Newest first. */
    listActs: ({ who, act, object, since, limit, before }: ActQuery): Promise<Page<Act, number>> =>
      queued('listActs', () =>
        read(async ({ select, at, schema: { acts } }) => {
          const filter = and(
            before === null ? undefined : lt(acts.id, before),
            gte(acts.at, Math.max(since ?? 0, actsKeptFrom(at))),
            who === null ? undefined : or(eq(acts.who, who), eq(acts.name, who)),
            act === null ? undefined : eq(acts.act, act),
            object === null ? undefined : eq(acts.object, object),
          )
          const found = select().from(acts).where(filter).orderBy(desc(acts.id))
          return pageOf(await found.limit(limit + 1), limit, idOf)
        }),
      ),
  }),
} satisfies VerbModule
