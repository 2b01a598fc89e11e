import type { Tracer } from '../telemetry/traces/span-tracer.ts'
import { openUpstream } from '../upstream/upstream.ts'
import { USER_AGENT } from '../version.ts'
import { createPollPlan } from '../worker/poll-plan.ts'
import { createPoller, type PollerDeps } from '../worker/poller.ts'
import { createRounds, onceAMinute } from '../worker/rounds.ts'
import { clock } from './clock-and-ids.ts'
import { createRole, type RoleDeps } from './role.ts'
import { tracePolls } from './traced.ts'

type Deps = RoleDeps & Pick<PollerDeps, 'onLookup'> & { tracer: Tracer | null }

export type PollerRole = ReturnType<typeof openPoller>

/** Asks GetResult about what is due, from now on. */
export const openPoller = ({ config: { upstream, polling }, store, emit, onLookup, tracer }: Deps) => {
  const client = openUpstream({ ...upstream, userAgent: USER_AGENT, clock })
  const plan = createPollPlan({ store, schedule: polling, clock })
  const poller = createPoller({
    store,
    upstream: tracePolls(client, { ...upstream, tracer }),
    policy: polling,
    plan,
    concurrency: upstream.concurrency,
    timeoutMs: upstream.timeoutMs,
    random: Math.random,
    clock,
    onLookup,
    onFree: () => rounds.ring(),
    onDue: at => rounds.ringAt(at),
    emit,
  })
  const rounds = createRounds(poller.round, {
    clock,
    now: store.now,
    onError: onceAMinute(error => emit('poll.round_failed', { error }), clock),
  })
  store.hints.on('verificationsDue', rounds.ring)
  rounds.ring()

  const stop = async () => {
    await rounds.stop()
    await poller.whenIdle()
    await plan.stop()
  }
  const role = createRole({
    end: stop,
    breakOff: () => {
      poller.breakOff()
      client.close()
    },
  })
  return { ...role, underWay: poller.underWay, clockAheadMs: client.clockAheadMs }
}
