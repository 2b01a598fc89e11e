import Database from 'better-sqlite3'
import type { Outgoing } from '../../../src/callback/sender.ts'
import type { Answer } from '../../../src/core/answer.ts'
import { MINUTE } from '../../../src/core/duration.ts'
import type { Secret } from '../../../src/core/secret.ts'
import type { ClaimedVerification } from '../../../src/store/verifications/verification.ts'
import type { BROKEN } from '../findings.ts'
import { inAnswers, inSender, inStore, inUpstream } from './planting.ts'
import type { World } from './process.ts'

/** A bug, and the word that the checker must find for it. */
export interface Planted {
  bug: string
  broken: (typeof BROKEN)[number]
  plant: (world: World) => World
}

const isRetry = ({ headers }: Outgoing): boolean => headers['webhook-attempt'] !== '1'
const VERDICT = { message: null, livingScore: null, similarity: null }
const verdictOf = (status: 'SUCCESS' | 'FAIL'): Answer => ({
  kind: 'verdict',
  code: 2,
  verdict: { ...VERDICT, status },
})

/** Bugs such as services of this kind have had; the checker has to find each of them. */
export const PLANTED: readonly Planted[] = [
  {
    bug: 'acknowledges a registration that is not kept',
    broken: 'lost',
    plant: inStore((store, { random, path }) => ({
      register: async items => {
        const registered = await store.register(items)
        const file = new Database(path)
        file.pragma('foreign_keys = OFF')
        for (const one of registered)
          if ('registration' in one && random() < 0.2)
            file.prepare('DELETE FROM registrations WHERE id = ?').run(one.registration.id)
        file.close()
        return registered
      },
    })),
  },
  {
    bug: 'never ends the pause of an account',
    broken: 'starved',
    plant: inStore(store => ({
      settleVerifications: settlements =>
        store.settleVerifications(
          settlements.map(one =>
            one.account.change?.kind === 'resume' ? { ...one, account: { ...one.account, change: null } } : one,
          ),
        ),
    })),
  },
  {
    bug: 'gives up after one attempt',
    broken: 'lost',
    plant: inStore(store => ({
      settleMessages: settlements =>
        store.settleMessages(
          settlements.map(one =>
            one.step.state === 'pending' && one.attempt
              ? { ...one, step: { ...one.step, state: 'exhausted', dueAt: null } }
              : one,
          ),
        ),
    })),
  },
  {
    bug: 'forgets that a webhook has arrived',
    broken: 'doubled',
    plant: inStore(store => ({
      settleMessages: async settlements => {
        const kept = settlements.filter(({ step }) => step.state !== 'delivered')
        const outcomes = await store.settleMessages(kept)
        return settlements.map(one => outcomes[kept.indexOf(one)] ?? null)
      },
    })),
  },
  {
    bug: 'gives each attempt an id of its own',
    broken: 'doubled',
    plant: inSender(one =>
      isRetry(one) ? { ...one, headers: { ...one.headers, 'webhook-id': `${one.headers['webhook-id']}x` } } : one,
    ),
  },
  {
    bug: 'writes the body anew for each attempt',
    broken: 'changed',
    plant: inStore(store => ({
      claimMessages: async request => {
        const claimed = await store.claimMessages(request)
        const messages = claimed.messages.map(one => (one.attempts > 0 ? { ...one, body: `${one.body} ` } : one))
        return { ...claimed, messages }
      },
    })),
  },
  {
    bug: 'shows an ended registration as pending again',
    broken: 'changed',
    plant: inStore((store, { random }) => ({
      findRegistration: async (...args) => {
        const found = await store.findRegistration(...args)
        return found && random() < 0.3 ? { ...found, status: 'pending' } : found
      },
    })),
  },
  {
    bug: 'takes code 2 for a success',
    broken: 'told early',
    plant: inUpstream(answer => (answer.kind === 'waiting' ? verdictOf('SUCCESS') : answer)),
  },
  {
    bug: 'gives up some minutes before the deadline',
    broken: 'told early',
    plant: inStore(store => ({
      claimVerifications: async request => {
        const early = (one: ClaimedVerification) => ({
          ...one,
          waiting: one.waiting.map(waiting => ({ ...waiting, expiresAt: waiting.expiresAt - 5 * MINUTE })),
        })
        const { claims, nextAt } = await store.claimVerifications(request)
        return { claims: claims.map(claim => ({ ...claim, verifications: claim.verifications.map(early) })), nextAt }
      },
    })),
  },
  {
    bug: 'takes FAIL for SUCCESS',
    broken: 'told wrongly',
    plant: inUpstream(answer => (answer.kind === 'verdict' ? verdictOf('SUCCESS') : answer)),
  },
  {
    bug: 'sends to the URL of another partner',
    broken: 'told to the wrong one',
    plant: inSender(one => ({ ...one, url: one.url.replace(/partner\d/, 'partner9') })),
  },
  {
    bug: 'signs with the secret of another partner',
    broken: 'told to the wrong one',
    plant: inStore(store => {
      const known: Secret[] = []
      return {
        claimMessages: async request => {
          const claimed = await store.claimMessages(request)
          for (const [secret] of claimed.secrets.values()) if (secret) known.push(secret)
          return { ...claimed, secrets: new Map([...claimed.secrets.keys()].map(id => [id, known.slice(0, 1)])) }
        },
      }
    }),
  },
  {
    bug: 'answers a cancel that it has not done',
    broken: 'sent after its cancel',
    plant: inStore(store => ({
      cancel: async (partnerId, id) => {
        const registration = await store.findRegistration(partnerId, id)
        return registration && ({ registration, withdrawn: false } as never)
      },
    })),
  },
  {
    bug: 'forgets most of the serials that it has claimed',
    broken: 'starved',
    plant: inStore((store, { random }) => ({
      claimVerifications: async request => {
        const { claims, nextAt } = await store.claimVerifications(request)
        const some = claims.map(claim => ({
          ...claim,
          verifications: claim.verifications.filter(() => random() < 0.1),
        }))
        return { claims: some, nextAt }
      },
    })),
  },
  {
    bug: 'asks again and again',
    broken: 'over the rate',
    plant: inUpstream(async (answer, _, again) => {
      for (let i = 0; i < 20; i++) void again()
      return answer
    }),
  },
  {
    bug: 'signs the time of the first attempt',
    broken: 'badly signed',
    plant: world => {
      const signed = new Map<string | undefined, Outgoing['headers']>()
      const asAtFirst = (one: Outgoing): Outgoing => {
        const headers = signed.get(one.headers['webhook-id']) ?? one.headers
        signed.set(headers['webhook-id'], headers)
        return { ...one, headers }
      }
      return inSender(asAtFirst)(world)
    },
  },
  {
    bug: 'sends one webhook at a time',
    broken: 'starved',
    plant: world => {
      let last: Promise<unknown> = Promise.resolve()
      const send: World['sender']['send'] = outgoing => {
        const sent = last.then(() => world.sender.send(outgoing))
        last = sent
        return sent
      }
      return { ...world, sender: { send } }
    },
  },
  {
    bug: 'does not keep that a partner is disabled',
    broken: 'sent while disabled',
    plant: inStore(store => ({
      changePartner: (id, change) => store.changePartner(id, { ...change, disabled: undefined }),
    })),
  },
  {
    bug: 'refuses some registrations',
    broken: 'refused',
    plant: inStore((store, { random }) => ({
      register: async items =>
        (await store.register(items)).map(one => (random() < 0.1 ? ({ outcome: 'taken' } as const) : one)),
    })),
  },
  {
    bug: 'shortens the deadline',
    broken: 'changed',
    plant: inStore(store => ({
      register: items =>
        store.register(items.map(one => ({ ...one, expiresAt: one.expiresAt && one.expiresAt - MINUTE }))),
    })),
  },
  {
    bug: 'gives up at once what is not found yet',
    broken: 'told wrongly',
    plant: world => ({
      ...world,
      config: { ...world.config, polling: { ...world.config.polling, notFoundGraceMs: 1 } },
    }),
  },
  {
    bug: 'tells each verdict late',
    broken: 'starved',
    plant: world => ({
      ...world,
      sender: {
        send: async outgoing => {
          await world.time.wait(8_000)
          return world.sender.send(outgoing)
        },
      },
    }),
  },
  {
    bug: 'forgets a resend',
    broken: 'lost',
    plant: inStore(() => ({ resend: async () => 'resent' })),
  },
  {
    bug: 'takes no notice of Retry-After',
    broken: 'over the rate',
    plant: inAnswers(answered => ({ ...answered, retryAfter: null })),
  },
  {
    bug: 'takes no notice of a 410',
    broken: 'sent while disabled',
    plant: inAnswers(answered => ({
      ...answered,
      httpStatus: answered.httpStatus === 410 ? 500 : answered.httpStatus,
    })),
  },
  {
    bug: 'gives an event twice',
    broken: 'out of order',
    plant: inStore(store => ({
      listEvents: async (partnerId, query) => {
        const page = await store.listEvents(partnerId, query)
        return page.outcome === 'page' ? { ...page, events: [...page.events, ...page.events.slice(0, 1)] } : page
      },
    })),
  },
]
