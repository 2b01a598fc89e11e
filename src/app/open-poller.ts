import type { Tracer } from '../telemetry/traces/span-tracer.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { createPollPlan } from '../worker/poll-plan.ts'
import { createPoller, type PollerDeps } from '../worker/poller.ts'
import { createRounds, onceAMinute } from '../worker/rounds.ts'
import type { System } from './clock-and-ids.ts'
import { createRole, type RoleDeps } from './role.ts'
import { tracePolls } from './traced.ts'

type Deps = RoleDeps &
  Pick<PollerDeps, 'onLookup'> &
  Omit<System, 'startCalendar'> & {
    /** Closed with the role. */
    client: Pick<Upstream, 'ask' | 'clockAheadMs' | 'close'>
    tracer: Tracer | null
  }

export type PollerRole = ReturnType<typeof openPoller>

/** Polls GetResult for due verifications from now on. */
export const openPoller = ({
  config: { upstream, polling },
  store,
  emit,
  client,
  onLookup,
  tracer,
  ...system
}: Deps) => {
  const { clock, random } = system
  const plan = createPollPlan({ store, schedule: polling, clock })
  const poller = createPoller({
    store,
    upstream: tracePolls(client, { ...upstream, tracer }),
    policy: polling,
    plan,
    concurrency: upstream.concurrency,
    timeoutMs: upstream.timeoutMs,
    random,
    clock,
    onLookup,
    onFree: () => rounds.free(),
    onDue: at => rounds.wakeUpAt(at),
    emit,
  })
  const rounds = createRounds(poller.round, {
    clock,
    now: store.now,
    onError: onceAMinute(error => emit('poll.round_failed', { error }), clock),
  })
  store.hints.on('verificationsDue', rounds.wakeUp)
  rounds.wakeUp()

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
  return { ...role, underWay: poller.underWay, answers: poller.answers, clockAheadMs: client.clockAheadMs }
}
